-- CreateTable
CREATE TABLE "connections" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "data_source_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "account_name" TEXT NOT NULL,
    "workspace" TEXT,
    "requested_scopes" TEXT[],
    "granted_scopes" TEXT[],
    "failure_code" TEXT,
    "failure_reason" TEXT,
    "last_good_at" TIMESTAMPTZ(3),
    "failing_since" TIMESTAMPTZ(3),
    "retry_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "connected_by_id" TEXT,
    "connected_at" TIMESTAMPTZ(3) NOT NULL,
    "disconnected_at" TIMESTAMPTZ(3),
    "receipt_outcome" TEXT,

    CONSTRAINT "connections_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "oauth_tokens" (
    "connection_id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "sealed_access_token" TEXT NOT NULL,
    "sealed_refresh_token" TEXT,
    "access_expires_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "refreshed_at" TIMESTAMPTZ(3),
    "refreshing_until" TIMESTAMPTZ(3),

    CONSTRAINT "oauth_tokens_pkey" PRIMARY KEY ("connection_id")
);

-- CreateTable
CREATE TABLE "connector_flows" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "session_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "data_source_id" TEXT,
    "environment" "environment" NOT NULL,
    "name" TEXT NOT NULL,
    "state_digest" TEXT NOT NULL,
    "relay" TEXT NOT NULL,
    "code_verifier" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "connector_flows_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "token_revocations" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "connection_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "sealed_tokens" TEXT,
    "outcome" TEXT NOT NULL DEFAULT 'pending',
    "answer" TEXT NOT NULL DEFAULT '',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3),
    "asking_until" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "token_revocations_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "connections_data_source_id_key" ON "connections"("data_source_id");

-- CreateIndex
CREATE INDEX "connections_provider_account_id_idx" ON "connections"("provider", "account_id");

-- CreateIndex
CREATE INDEX "connections_organization_id_idx" ON "connections"("organization_id");

-- CreateIndex
CREATE UNIQUE INDEX "connector_flows_relay_key" ON "connector_flows"("relay");

-- CreateIndex
CREATE INDEX "connector_flows_expires_at_idx" ON "connector_flows"("expires_at");

-- CreateIndex
CREATE INDEX "token_revocations_connection_id_idx" ON "token_revocations"("connection_id");

-- CreateIndex
CREATE INDEX "token_revocations_provider_account_id_idx" ON "token_revocations"("provider", "account_id");

-- CreateIndex
CREATE INDEX "token_revocations_next_at_idx" ON "token_revocations"("next_at");

-- AddForeignKey
ALTER TABLE "connections" ADD CONSTRAINT "connections_data_source_id_fkey" FOREIGN KEY ("data_source_id") REFERENCES "data_sources"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "oauth_tokens" ADD CONSTRAINT "oauth_tokens_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "connections"("id") ON DELETE CASCADE ON UPDATE CASCADE;
