type MarkProps = { className?: string }

/** Google's G, drawn from four arcs and a bar. */
export function GoogleMark({ className = 'size-4' }: MarkProps) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" fill="none" strokeWidth="4.4" className={className}>
      <path d="M18.5 5.5A9.2 9.2 0 0 0 4 7.4" stroke="#ea4335" />
      <path d="M4 7.4a9.2 9.2 0 0 0 0 9.2" stroke="#fbbc05" />
      <path d="M4 16.6a9.2 9.2 0 0 0 13.8 2.4" stroke="#34a853" />
      <path d="M17.8 19A9.2 9.2 0 0 0 21.2 12H12" stroke="#4285f4" />
    </svg>
  )
}

/** Microsoft's four squares. */
export function MicrosoftMark({ className = 'size-4' }: MarkProps) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className={className}>
      <path d="M2 2h9.5v9.5H2z" fill="#f25022" />
      <path d="M12.5 2H22v9.5h-9.5z" fill="#7fba00" />
      <path d="M2 12.5h9.5V22H2z" fill="#00a4ef" />
      <path d="M12.5 12.5H22V22h-9.5z" fill="#ffb900" />
    </svg>
  )
}

/** Google Drive's triangle. */
export function GoogleDriveMark({ className = 'size-4' }: MarkProps) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className={className}>
      <path d="M8.4 2.5h7.2L23 15.2h-7.2z" fill="#fbbc04" />
      <path d="M8.4 2.5 12 8.7 4.6 21.5 1 15.2z" fill="#0f9d58" />
      <path d="M4.6 21.5 8.3 15.2H23l-3.6 6.3z" fill="#4285f4" />
    </svg>
  )
}

const slackColours = ['#36c5f0', '#2eb67d', '#ecb22e', '#e01e5a']

/** Slack's four strokes and drops: one pair, turned three times. */
export function SlackMark({ className = 'size-4' }: MarkProps) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className={className}>
      {slackColours.map((colour, turn) => (
        <g key={colour} fill={colour} transform={`rotate(${turn * 90} 12 12)`}>
          <rect x=".8" y="6.3" width="10.4" height="5" rx="2.5" />
          <path d="M8.7.5a2.5 2.5 0 0 1 2.5 2.5v2.5H8.7a2.5 2.5 0 0 1 0-5z" />
        </g>
      ))}
    </svg>
  )
}

/** Notion's block with its N, in the colour of the text. */
export function NotionMark({ className = 'size-4' }: MarkProps) {
  return (
    <svg
      viewBox="0 0 24 24"
      aria-hidden="true"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinejoin="round"
      className={className}
    >
      <path d="M3 4.5 16.5 3 21 6.5V20L7 21.5 3 17z" />
      <path d="M9.5 17.5v-8l6.5 7.5V9" strokeLinecap="round" strokeWidth="2" />
    </svg>
  )
}
