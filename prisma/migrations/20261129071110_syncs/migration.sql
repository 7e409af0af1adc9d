-- AlterTable
ALTER TABLE "documents" ADD COLUMN     "remote_id" TEXT,
ADD COLUMN     "remote_pass" INTEGER,
ADD COLUMN     "remote_path" TEXT,
ADD COLUMN     "remote_version" TEXT;

-- CreateTable
CREATE TABLE "source_syncs" (
    "data_source_id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "selection" JSONB NOT NULL DEFAULT '[]',
    "cursor" JSONB,
    "pass" INTEGER NOT NULL DEFAULT 0,
    "is_passing" BOOLEAN NOT NULL DEFAULT false,
    "is_patchy" BOOLEAN NOT NULL DEFAULT false,
    "schedule_minutes" INTEGER NOT NULL DEFAULT 60,
    "phase" TEXT NOT NULL DEFAULT 'idle',
    "found" INTEGER NOT NULL DEFAULT 0,
    "done" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "skipped" INTEGER NOT NULL DEFAULT 0,
    "added" INTEGER NOT NULL DEFAULT 0,
    "changed" INTEGER NOT NULL DEFAULT 0,
    "deleted" INTEGER NOT NULL DEFAULT 0,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "next_at" TIMESTAMPTZ(3),
    "requested_at" TIMESTAMPTZ(3),
    "rate_limited_until" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_error" TEXT,
    "claim_id" TEXT,
    "claimed_until" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "source_syncs_pkey" PRIMARY KEY ("data_source_id")
);

-- CreateIndex
CREATE INDEX "source_syncs_next_at_idx" ON "source_syncs"("next_at");

-- CreateIndex
CREATE INDEX "documents_data_source_id_remote_pass_idx" ON "documents"("data_source_id", "remote_pass");

-- CreateIndex
CREATE UNIQUE INDEX "documents_data_source_id_remote_id_key" ON "documents"("data_source_id", "remote_id");

-- AddForeignKey
ALTER TABLE "source_syncs" ADD CONSTRAINT "source_syncs_data_source_id_fkey" FOREIGN KEY ("data_source_id") REFERENCES "data_sources"("id") ON DELETE CASCADE ON UPDATE CASCADE;
