-- AlterTable
ALTER TABLE "access_logs" ADD COLUMN     "count" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "last_seen_at" TIMESTAMPTZ(3);
