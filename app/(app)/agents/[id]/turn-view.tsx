import { RotateCcw } from 'lucide-react'
import type { Answer } from '@/lib/core/answer-schemas'
import { Banner } from '../../../_ui/banner'
import { Button } from '../../../_ui/button'
import { ButtonLink } from '../../../_ui/button-link'
import { countText } from '../../../_ui/scale'
import { Spinner } from '../../../_ui/spinner'
import { TextLink } from '../../../_ui/text-link'
import { payerText, secondsText } from '../../interactions/interaction-words'
import { SourceList } from '../../interactions/source-list'
import { NO_ANSWER_CODE, type TurnFailure } from './turn-events'
import type { Turn } from './use-conversation'

interface TurnViewProps {
  turn: Turn
  agentName: string
  before: Turn | undefined
  /** The page says already that the sources are quoted. */
  hidesNotice: boolean
  onRetry: (() => void) | undefined
}

/** A question and what came of it. */
export function TurnView({ turn, agentName, before, hidesNotice, onRetry }: TurnViewProps) {
  const { question, state, text, answer, failure } = turn
  const notice = answer?.notice ?? null
  const isNews = notice !== null && !hidesNotice && notice !== before?.answer?.notice
  return (
    <article aria-label={`Question: ${question.slice(0, 80)}`} className="grid gap-3">
      <div className="wrap-anywhere max-w-[85%] justify-self-end whitespace-pre-wrap rounded-lg bg-hover px-4 py-2.5">
        <span className="sr-only">You: </span>
        {question}
      </div>
      <div className="grid gap-3">
        {text !== '' && (
          <div className="wrap-anywhere max-w-prose whitespace-pre-wrap">
            <span className="sr-only">{agentName}: </span>
            {text}
          </div>
        )}
        {state === 'pending' && <Spinner label={text === '' ? 'Thinking' : 'Writing'} />}
        {state === 'stopped' && (
          <p className="text-muted text-sm">
            {text === '' ? 'Stopped before an answer came.' : 'Stopped here.'}{' '}
            {turn.payer === 'organization' && 'What the provider wrote until then is billed.'}
          </p>
        )}
        {failure && <Failure failure={failure} onRetry={onRetry} />}
        {isNews && <Banner>{notice}</Banner>}
        {answer && <SourceList sources={answer.sources} />}
        {answer && <Facts answer={answer} />}
      </div>
    </article>
  )
}

function Facts({ answer }: { answer: Answer }) {
  const { input_tokens: input, output_tokens: output } = answer.usage
  return (
    <p className="flex flex-wrap gap-x-3 gap-y-1 text-muted text-sm tabular-nums">
      <span>{answer.model}</span>
      <span>{payerText(answer.billed_to)}</span>
      <span>{secondsText(answer.latency_ms)}</span>
      <span>
        {countText(input)} tokens in, {countText(output)} out
      </span>
      <TextLink href={`/interactions/${answer.id}`} className="text-muted">
        Interaction
      </TextLink>
    </p>
  )
}

function Failure({ failure, onRetry }: { failure: TurnFailure; onRetry: (() => void) | undefined }) {
  const { code, error, message, detail, requestId } = failure
  return (
    <Banner
      tone="danger"
      title={error}
      action={
        <span className="flex flex-wrap gap-2">
          {code === 'external_key_rejected' && (
            <ButtonLink size="sm" href="/settings/external-keys">
              Replace the key
            </ButtonLink>
          )}
          {onRetry && (
            <Button size="sm" onClick={onRetry}>
              <RotateCcw aria-hidden="true" />
              Try again
            </Button>
          )}
        </span>
      }
    >
      <p>{message}</p>
      {detail && !message.includes(detail) && <p>{detail}</p>}
      <p className="mt-1 text-sm">
        {code === NO_ANSWER_CODE ? (
          <code>{code}</code>
        ) : (
          <TextLink href={`/docs/errors#${code}`} className="font-mono">
            {code}
          </TextLink>
        )}
        {requestId && <code> {requestId}</code>}
      </p>
    </Banner>
  )
}
