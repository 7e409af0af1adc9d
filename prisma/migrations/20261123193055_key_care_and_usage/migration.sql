-- AlterTable
ALTER TABLE "api_keys" ADD COLUMN     "disabled_at" TIMESTAMPTZ(3),
ADD COLUMN     "ends_at" TIMESTAMPTZ(3),
ADD COLUMN     "reminded_at" TIMESTAMPTZ(3),
ADD COLUMN     "rotated_to_id" TEXT,
ADD COLUMN     "state_version" INTEGER NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "rate_limits" ADD COLUMN     "organization_per_minute" INTEGER;

-- CreateTable
CREATE TABLE "cache_notices" (
    "kind" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "token" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "cache_notices_pkey" PRIMARY KEY ("kind","subject_id")
);

-- CreateTable
CREATE TABLE "usage_minutes" (
    "key_id" TEXT NOT NULL,
    "minute" TIMESTAMPTZ(0) NOT NULL,
    "method" TEXT NOT NULL,
    "endpoint" TEXT NOT NULL,
    "scope" "scope" NOT NULL,
    "status" SMALLINT NOT NULL,
    "code" TEXT NOT NULL,
    "admitted" BOOLEAN NOT NULL,
    "requests" INTEGER NOT NULL,
    "latency" JSONB NOT NULL,

    CONSTRAINT "usage_minutes_pkey" PRIMARY KEY ("key_id","minute","method","endpoint","status","code")
);

-- CreateTable
CREATE TABLE "usage_days" (
    "key_id" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "method" TEXT NOT NULL,
    "endpoint" TEXT NOT NULL,
    "scope" "scope" NOT NULL,
    "status" SMALLINT NOT NULL,
    "code" TEXT NOT NULL,
    "admitted" BOOLEAN NOT NULL,
    "requests" INTEGER NOT NULL,
    "latency" JSONB NOT NULL,

    CONSTRAINT "usage_days_pkey" PRIMARY KEY ("key_id","day","method","endpoint","status","code")
);

-- CreateTable
CREATE TABLE "usage_callers" (
    "key_id" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "client_ip" TEXT NOT NULL,
    "user_agent" TEXT NOT NULL,
    "requests" INTEGER NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_callers_pkey" PRIMARY KEY ("key_id","day","client_ip","user_agent")
);

-- CreateTable
CREATE TABLE "usage_batches" (
    "id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "usage_batches_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_requests" (
    "slot" SMALLINT NOT NULL,
    "id" TEXT NOT NULL,
    "time" TIMESTAMPTZ(3) NOT NULL,
    "organization_id" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "endpoint" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "status" SMALLINT NOT NULL,
    "code" TEXT NOT NULL,
    "admitted" BOOLEAN NOT NULL,
    "latency_us" INTEGER NOT NULL,
    "client_ip" TEXT NOT NULL,
    "user_agent" TEXT NOT NULL,

    CONSTRAINT "api_requests_pkey" PRIMARY KEY ("slot","id")
) PARTITION BY LIST ("slot");

-- A partition a day: emptied a month later, which costs the same however full it is.
DO $$
BEGIN
    FOR slot IN 0..31 LOOP
        EXECUTE format('CREATE TABLE "api_requests_%s" PARTITION OF "api_requests" FOR VALUES IN (%s)', slot, slot);
    END LOOP;
END
$$;

-- CreateIndex
CREATE INDEX "cache_notices_created_at_idx" ON "cache_notices"("created_at");

-- CreateIndex
CREATE INDEX "usage_minutes_minute_idx" ON "usage_minutes"("minute");

-- CreateIndex
CREATE INDEX "usage_days_day_idx" ON "usage_days"("day");

-- CreateIndex
CREATE INDEX "usage_callers_day_idx" ON "usage_callers"("day");

-- CreateIndex
CREATE INDEX "usage_batches_created_at_idx" ON "usage_batches"("created_at");

-- CreateIndex
CREATE INDEX "api_requests_key_id_time_idx" ON "api_requests"("key_id", "time");

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_rotated_to_id_key" ON "api_keys"("rotated_to_id");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_rotated_to_id_fkey" FOREIGN KEY ("rotated_to_id") REFERENCES "api_keys"("id") ON DELETE SET NULL ON UPDATE CASCADE;
