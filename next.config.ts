import type { NextConfig } from 'next'
import { securityHeaders } from './lib/core/security-headers'

const headers = Object.entries(securityHeaders).map(([key, value]) => ({ key, value }))

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  // The policy knows every path in one spelling; a trailing slash is another path, and refused as such.
  skipTrailingSlashRedirect: true,
  images: { unoptimized: true },
  headers: async () => [{ source: '/:path*', headers }],
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
