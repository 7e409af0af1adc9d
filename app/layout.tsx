import { GeistMono } from 'geist/font/mono'
import { GeistSans } from 'geist/font/sans'
import type { Metadata, Viewport } from 'next'
import { headers } from 'next/headers'
import type { ReactNode } from 'react'
import { Providers } from './_ui/providers'
import { Toaster } from './_ui/toast'
import './globals.css'

export const metadata: Metadata = {
  title: { default: 'Twig', template: '%s · Twig' },
  description: 'Sign-in, API keys and API access for AI agents.',
  icons: { icon: { url: '/icon.svg', type: 'image/svg+xml' } },
}

export const viewport: Viewport = {
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#fdfdfc' },
    { media: '(prefers-color-scheme: dark)', color: '#0f110e' },
  ],
}

export default async function RootLayout({ children }: { children: ReactNode }) {
  const nonce = (await headers()).get('x-nonce') ?? undefined
  return (
    <html
      lang="en"
      suppressHydrationWarning
      className={`${GeistSans.variable} ${GeistMono.variable} font-sans`}
    >
      <body>
        <Providers nonce={nonce} nowMs={Date.now()}>
          <a
            href="#content"
            className="fixed top-2 left-2 z-60 -translate-y-16 rounded-md bg-raised px-3.5 py-2 font-medium focus:translate-y-0 focus:shadow-overlay"
          >
            Skip to content
          </a>
          {children}
          <Toaster />
        </Providers>
      </body>
    </html>
  )
}
