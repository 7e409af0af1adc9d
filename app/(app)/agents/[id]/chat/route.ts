import { PlaygroundInput } from '@/lib/core/answer-schemas'
import { openPlayground } from '@/lib/domain/answers'
import { personStream } from '@/lib/http/person-stream'

export const POST = personStream(PlaygroundInput, openPlayground)
