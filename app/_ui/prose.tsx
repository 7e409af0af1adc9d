import type { ReactNode } from 'react'
import { cn } from './cn'

/** Running text of docs pages: h2, h3, p, ul, ol, code, a and table as they come. */
export function Prose({ className, children }: { className?: string; children: ReactNode }) {
  return (
    <div
      className={cn(
        'text-lg leading-7 wrap-anywhere',
        '[&_h2]:mt-10 [&_h2]:mb-3 [&_h2]:font-semibold [&_h2]:text-xl [&_h3]:mt-8 [&_h3]:mb-2 [&_h3]:font-semibold',
        '[&_p]:my-4 [&_li]:my-1 [&_ol]:my-4 [&_ol]:list-decimal [&_ol]:pl-6 [&_ul]:my-4 [&_ul]:list-disc [&_ul]:pl-6',
        '[&_:not(pre)>code]:rounded-sm [&_:not(pre)>code]:bg-hover [&_:not(pre)>code]:px-1 [&_:not(pre)>code]:py-0.5 [&_:not(pre)>code]:text-[0.875em]',
        '[&_a]:underline [&_a]:decoration-control [&_a]:underline-offset-4 [&_a:hover]:text-accent [&_a:hover]:decoration-accent',
        className,
      )}
    >
      {children}
    </div>
  )
}
