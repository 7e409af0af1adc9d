-- AlterTable
ALTER TABLE "sessions" ADD COLUMN "vouched_by_id" TEXT;

-- CreateTable
CREATE TABLE "domains" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "token" TEXT NOT NULL,
    "owned_name" TEXT,
    "verified_at" TIMESTAMPTZ(3),
    "vouched_at" TIMESTAMPTZ(3),
    "checked_at" TIMESTAMPTZ(3),
    "finding" TEXT,
    "missing_since" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "domains_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sso_connections" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "active_for" TEXT,
    "entity_id" TEXT,
    "sso_url" TEXT,
    "certificates" TEXT[],
    "metadata_url" TEXT,
    "issuer" TEXT,
    "client_id" TEXT,
    "sealed_client_secret" TEXT,
    "secret_version" INTEGER NOT NULL DEFAULT 0,
    "email_attribute" TEXT,
    "name_attribute" TEXT,
    "idp_initiated" BOOLEAN NOT NULL DEFAULT false,
    "tested_digest" TEXT,
    "tested_at" TIMESTAMPTZ(3),
    "trusted_digest" TEXT,
    "pilot_user_ids" TEXT[],
    "enforced_at" TIMESTAMPTZ(3),
    "break_glass_user_ids" TEXT[],
    "metadata_checked_at" TIMESTAMPTZ(3),
    "metadata_problem" TEXT,
    "metadata_failing_since" TIMESTAMPTZ(3),
    "metadata_told_at" TIMESTAMPTZ(3),
    "certificate_notices" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sso_connections_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sso_flows" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "connection_id" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "begun_by_id" TEXT,
    "state_digest" TEXT NOT NULL,
    "relay" TEXT,
    "request_id" TEXT,
    "nonce" TEXT,
    "code_verifier" TEXT,
    "digest" TEXT NOT NULL,
    "return_to" TEXT,
    "identity" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "answered_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "attempt_id" TEXT,

    CONSTRAINT "sso_flows_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "service_keys" (
    "id" TEXT NOT NULL,
    "sealed_key" TEXT NOT NULL,
    "certificate" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "service_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "used_assertions" (
    "id" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "used_assertions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sso_attempts" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT,
    "connection_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "purpose" TEXT NOT NULL,
    "succeeded" BOOLEAN NOT NULL,
    "reason" TEXT,
    "checks" JSONB NOT NULL,
    "email" TEXT,
    "client_ip" TEXT,
    "request_id" TEXT,

    CONSTRAINT "sso_attempts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "external_identities" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "organization_id" TEXT,
    "realm" TEXT NOT NULL,
    "issuer" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "label" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "external_identities_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "social_flows" (
    "id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "state_digest" TEXT NOT NULL,
    "relay" TEXT NOT NULL,
    "nonce" TEXT NOT NULL,
    "code_verifier" TEXT NOT NULL,
    "session_id" TEXT,
    "link_digest" TEXT,
    "return_to" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "social_flows_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pending_social_sign_ups" (
    "token_digest" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "issuer" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "pending_social_sign_ups_pkey" PRIMARY KEY ("token_digest")
);

-- CreateIndex
CREATE UNIQUE INDEX "social_flows_relay_key" ON "social_flows"("relay");

-- CreateIndex
CREATE INDEX "social_flows_expires_at_idx" ON "social_flows"("expires_at");

-- CreateIndex
CREATE INDEX "pending_social_sign_ups_expires_at_idx" ON "pending_social_sign_ups"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "domains_owned_name_key" ON "domains"("owned_name");

-- CreateIndex
CREATE INDEX "domains_checked_at_idx" ON "domains"("checked_at");

-- CreateIndex
CREATE UNIQUE INDEX "domains_organization_id_name_key" ON "domains"("organization_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "sso_connections_active_for_key" ON "sso_connections"("active_for");

-- CreateIndex
CREATE INDEX "sso_connections_organization_id_created_at_idx" ON "sso_connections"("organization_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "sso_flows_relay_key" ON "sso_flows"("relay");

-- CreateIndex
CREATE INDEX "sso_flows_expires_at_idx" ON "sso_flows"("expires_at");

-- CreateIndex
CREATE INDEX "used_assertions_expires_at_idx" ON "used_assertions"("expires_at");

-- CreateIndex
CREATE INDEX "sso_attempts_organization_id_created_at_id_idx" ON "sso_attempts"("organization_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "sso_attempts_created_at_idx" ON "sso_attempts"("created_at");

-- CreateIndex
CREATE INDEX "external_identities_user_id_idx" ON "external_identities"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "external_identities_realm_issuer_subject_key" ON "external_identities"("realm", "issuer", "subject");

-- AddForeignKey
ALTER TABLE "domains" ADD CONSTRAINT "domains_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sso_connections" ADD CONSTRAINT "sso_connections_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sso_flows" ADD CONSTRAINT "sso_flows_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sso_flows" ADD CONSTRAINT "sso_flows_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "sso_connections"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sso_attempts" ADD CONSTRAINT "sso_attempts_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "external_identities" ADD CONSTRAINT "external_identities_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "external_identities" ADD CONSTRAINT "external_identities_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- A password that was proved stays a way in for an owner alone: whoever stops being one proves it anew, should they become
-- one again. Kept here so that no way of changing memberships can forget it.
CREATE FUNCTION "forget_break_glass"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW."role" = 'owner' THEN
            RETURN NULL;
        END IF;
    END IF;
    UPDATE "sso_connections" SET "break_glass_user_ids" = array_remove("break_glass_user_ids", OLD."user_id")
    WHERE "organization_id" = OLD."organization_id" AND OLD."user_id" = ANY("break_glass_user_ids");
    RETURN NULL;
END $$;

CREATE TRIGGER "forget_break_glass" AFTER DELETE OR UPDATE OF "role" ON "memberships"
    FOR EACH ROW EXECUTE FUNCTION "forget_break_glass"();

-- saml-jackson makes its own tables; they must not stand among those that the schema describes.
DO $$
BEGIN
    -- IF NOT EXISTS asks for the right to create one even where it is there.
    IF to_regnamespace('jackson') IS NULL AND has_database_privilege(current_database(), 'CREATE') THEN
        CREATE SCHEMA "jackson";
    END IF;
END $$;
