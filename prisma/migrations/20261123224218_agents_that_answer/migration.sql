-- AlterTable
ALTER TABLE "organizations" ADD COLUMN     "interaction_retention_days" INTEGER;

-- AlterTable
ALTER TABLE "idempotency_records" ADD COLUMN     "claim" TEXT,
ADD COLUMN     "claimed_until" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "data_sources" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "environment" "environment" NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "status_detail" TEXT,
    "last_sync_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "data_sources_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "documents" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "data_source_id" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "url" TEXT,
    "media_type" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "status_detail" TEXT,
    "language" TEXT,
    "page_count" INTEGER,
    "claimed_until" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "documents_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "document_originals" (
    "document_id" TEXT NOT NULL,
    "bytes" BYTEA NOT NULL,

    CONSTRAINT "document_originals_pkey" PRIMARY KEY ("document_id")
);

-- CreateTable
CREATE TABLE "chunks" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "data_source_id" TEXT NOT NULL,
    "document_id" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "search_vector" tsvector NOT NULL,

    CONSTRAINT "chunks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "source_words" (
    "data_source_id" TEXT NOT NULL,
    "word" TEXT NOT NULL,

    CONSTRAINT "source_words_pkey" PRIMARY KEY ("data_source_id","word")
);

-- CreateTable
CREATE TABLE "external_keys" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "endpoint" TEXT,
    "sealed_key" TEXT NOT NULL,
    "last4" TEXT NOT NULL,
    "health" TEXT NOT NULL,
    "health_detail" TEXT,
    "checked_at" TIMESTAMPTZ(3),
    "created_by_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "external_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "interactions" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "environment" "environment" NOT NULL,
    "agent_id" TEXT NOT NULL,
    "agent_name" TEXT NOT NULL,
    "session_id" TEXT NOT NULL,
    "key_id" TEXT,
    "user_id" TEXT,
    "kind" TEXT NOT NULL,
    "input" TEXT NOT NULL,
    "response" TEXT,
    "sources" JSONB NOT NULL,
    "model" TEXT,
    "billed_to" TEXT,
    "input_tokens" INTEGER,
    "output_tokens" INTEGER,
    "latency_ms" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "code" TEXT,
    "request_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "interactions_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "data_sources_organization_id_environment_created_at_id_idx" ON "data_sources"("organization_id", "environment", "created_at", "id");

-- CreateIndex
CREATE INDEX "documents_data_source_id_created_at_id_idx" ON "documents"("data_source_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "documents_status_claimed_until_idx" ON "documents"("status", "claimed_until");

-- CreateIndex
CREATE INDEX "chunks_data_source_id_idx" ON "chunks"("data_source_id");

-- CreateIndex
CREATE INDEX "chunks_search_vector_idx" ON "chunks" USING GIN ("search_vector");

-- CreateIndex
CREATE UNIQUE INDEX "chunks_document_id_ordinal_key" ON "chunks"("document_id", "ordinal");

-- CreateIndex
CREATE INDEX "external_keys_organization_id_created_at_id_idx" ON "external_keys"("organization_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "interactions_organization_id_environment_created_at_id_idx" ON "interactions"("organization_id", "environment", "created_at", "id");

-- CreateIndex
CREATE INDEX "interactions_organization_id_agent_id_created_at_id_idx" ON "interactions"("organization_id", "agent_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "interactions_organization_id_session_id_created_at_idx" ON "interactions"("organization_id", "session_id", "created_at");

-- CreateIndex
CREATE INDEX "interactions_created_at_idx" ON "interactions"("created_at");

-- AddForeignKey
ALTER TABLE "data_sources" ADD CONSTRAINT "data_sources_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "documents" ADD CONSTRAINT "documents_data_source_id_fkey" FOREIGN KEY ("data_source_id") REFERENCES "data_sources"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_originals" ADD CONSTRAINT "document_originals_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "chunks" ADD CONSTRAINT "chunks_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "source_words" ADD CONSTRAINT "source_words_data_source_id_fkey" FOREIGN KEY ("data_source_id") REFERENCES "data_sources"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "external_keys" ADD CONSTRAINT "external_keys_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Misspelt words are found by their trigrams, where the server has pg_trgm and lets us use it; otherwise by their beginnings.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX "source_words_trigrams" ON "source_words" USING GIN (lower("word") gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'pg_trgm is not available: %', SQLERRM;
END
$$;
