-- AlterTable
ALTER TABLE "organizations" ADD COLUMN     "allowlist_confirm_by" TIMESTAMPTZ(3),
ADD COLUMN     "allowlist_confirm_what" TEXT,
ADD COLUMN     "allowlist_covers_console" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "allowlist_in_force" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "allowlist_ranges" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "cidr" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "created_by_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "allowlist_ranges_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "access_logs" (
    "slot" SMALLINT NOT NULL,
    "id" TEXT NOT NULL,
    "time" TIMESTAMPTZ(3) NOT NULL,
    "organization_id" TEXT NOT NULL,
    "environment" "environment",
    "reason" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "key_id" TEXT,
    "user_id" TEXT,
    "method" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "client_ip" TEXT NOT NULL,
    "user_agent" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,

    CONSTRAINT "access_logs_pkey" PRIMARY KEY ("slot","id")
) PARTITION BY LIST ("slot");

-- A partition a day, as of api_requests.
DO $$
BEGIN
    FOR slot IN 0..31 LOOP
        EXECUTE format('CREATE TABLE "access_logs_%s" PARTITION OF "access_logs" FOR VALUES IN (%s)', slot, slot);
    END LOOP;
END
$$;

-- CreateIndex
CREATE INDEX "allowlist_ranges_organization_id_created_at_id_idx" ON "allowlist_ranges"("organization_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "allowlist_ranges_organization_id_cidr_key" ON "allowlist_ranges"("organization_id", "cidr");

-- CreateIndex
CREATE INDEX "access_logs_organization_id_time_id_idx" ON "access_logs"("organization_id", "time", "id");

-- CreateIndex
CREATE INDEX "organizations_allowlist_confirm_by_idx" ON "organizations"("allowlist_confirm_by");

-- AddForeignKey
ALTER TABLE "allowlist_ranges" ADD CONSTRAINT "allowlist_ranges_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
