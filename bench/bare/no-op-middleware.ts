import { NextResponse } from 'next/server'

// Copied beside the bare route as its middleware.ts in one of the two builds.

export const config = { matcher: ['/((?!_next/static/).*)'] }

export function middleware(): NextResponse {
  return NextResponse.next()
}
