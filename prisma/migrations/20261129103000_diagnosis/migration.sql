-- AlterTable
ALTER TABLE "api_requests" ADD COLUMN "message" TEXT NOT NULL DEFAULT '';
