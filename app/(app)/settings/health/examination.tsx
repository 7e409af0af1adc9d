'use client'

import { useState } from 'react'
import type { Finding } from '@/lib/core/finding'
import { Badge } from '../../../_ui/badge'
import { Banner } from '../../../_ui/banner'
import { Button } from '../../../_ui/button'
import { Card } from '../../../_ui/card'
import { useAction } from '../../../_ui/use-action'
import { examine } from './actions'

type Shown = Pick<Finding, 'check' | 'status'> & Partial<Finding>

const words = { ok: 'OK', warning: 'Warning', problem: 'Problem' } as const
const variants = { ok: 'success', warning: 'warning', problem: 'danger' } as const

/** Runs the checks when asked: they take some seconds and a good part of the machine. */
export function Examination() {
  const { pending, failure, submit } = useAction(examine)
  const [health, setHealth] = useState<{ findings: Shown[]; isWhole: boolean }>()
  return (
    <div className="grid justify-items-start gap-5">
      <Button variant="primary" pending={pending} onClick={() => submit({}, setHealth)}>
        {health ? 'Check again' : 'Check now'}
      </Button>
      <p aria-live="polite" className="text-muted text-sm">
        {pending &&
          'Looking at proxy, https, clocks, cookie, Redis, Postgres and secrets. This takes some seconds.'}
      </p>
      {failure && (
        <Banner tone="danger" title={failure.error} role="alert" className="w-full">
          {failure.message}
        </Banner>
      )}
      {health && <Findings {...health} />}
    </div>
  )
}

function Findings({ findings, isWhole }: { findings: Shown[]; isWhole: boolean }) {
  const wrong = findings.filter(({ status }) => status !== 'ok').length
  const count = wrong === 1 ? 'One finding wants attention' : `${wrong} findings want attention`
  return (
    <>
      <Banner
        tone={wrong === 0 ? 'success' : 'warning'}
        title={wrong === 0 ? 'All is well' : count}
        role="status"
        className="w-full"
      >
        {!isWhole && 'Details and fixes are for whoever runs this Twig: owners of its first organization.'}
      </Banner>
      <Card className="w-full">
        <ul aria-label="Findings" className="divide-y divide-border">
          {findings.map(({ check, status, detail, fix }, at) => (
            <li
              // Some checks come to several findings.
              key={`${check} ${detail ?? at}`}
              className="grid gap-x-6 gap-y-1 px-4 py-3 sm:grid-cols-[12rem_minmax(0,1fr)] sm:px-5"
            >
              <span className="flex items-start gap-2">
                <Badge variant={variants[status]}>{words[status]}</Badge>
                <code className="text-sm">{check}</code>
              </span>
              {detail && (
                <span className="wrap-anywhere">
                  {detail}
                  {fix && <span className="mt-0.5 block text-muted">{fix}</span>}
                </span>
              )}
            </li>
          ))}
        </ul>
      </Card>
    </>
  )
}
