'use client'

import { type ReactNode, useEffect, useRef, useState } from 'react'
import { cn } from './cn'

/** A box that scrolls sideways by itself; a named tab stop only while there is something to scroll. */
export function ScrollRegion({
  label,
  className,
  children,
}: {
  label: string
  className?: string
  children: ReactNode
}) {
  const box = useRef<HTMLElement>(null)
  const [scrolls, setScrolls] = useState(false)
  useEffect(() => {
    const element = box.current
    if (!element) return
    const observer = new ResizeObserver(() => setScrolls(element.scrollWidth > element.clientWidth + 1))
    observer.observe(element)
    for (const child of element.children) observer.observe(child)
    return () => observer.disconnect()
  }, [])
  const stop = scrolls ? { tabIndex: 0, 'aria-label': label } : {}
  return (
    <section ref={box} {...stop} className={cn('overflow-x-auto outline-offset-[-2px]', className)}>
      {children}
    </section>
  )
}
