import type { NextConfig } from 'next'
import { securityHeaders } from './lib/core/security-headers'

const headers = Object.entries(securityHeaders).map(([key, value]) => ({ key, value }))

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  // The policy knows every path in one spelling; a trailing slash is another path, and refused as such.
  skipTrailingSlashRedirect: true,
  images: { unoptimized: true },
  // The API's are set by the gate and by whatever refuses without it, at a tenth of the price.
  headers: async () => [{ source: '/((?!(?:api/)?(?:test/)?v1(?:/|$)).*)', headers }],
  serverExternalPackages: [
    '@node-rs/bcrypt',
    '@prisma/adapter-pg',
    '@prisma/client',
    'nodemailer',
    'pg',
    'pino',
    'undici',
  ],
  // npm run verify checks them; a start need not.
  typescript: { ignoreBuildErrors: true },
  // Lock files in parent folders do not move the root.
  turbopack: { root: import.meta.dirname },
  outputFileTracingRoot: import.meta.dirname,
  experimental: {
    // server/ refuses what is larger; Next by itself would cut a body at its limit and carry on.
    proxyClientMaxBodySize: '11mb',
    serverActions: { bodySizeLimit: '1mb' },
  },
}

export default config
