import { defineConfig } from 'prisma/config'

/** For the ordinary Prisma CLI; Twig itself migrates with server/migrate.ts, which writes the same records. */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://localhost:5432/twig' },
})
