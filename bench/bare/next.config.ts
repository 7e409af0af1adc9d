import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  experimental: { turbopackFileSystemCacheForBuild: false },
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: process.env.BENCH_ROOT },
  outputFileTracingRoot: process.env.BENCH_ROOT,
}

export default config
