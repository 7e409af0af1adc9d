/** What a span says besides its name. Never a path, a query, an address of a person or anything secret. */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>

/** Makes spans; there is one only where the operator asked for traces (server/tracing.ts). */
export interface Tracer {
  /** Runs work in a span below the one under way; a failure is noted by its class alone. */
  span<T>(name: string, facts: SpanFacts, work: (note: (more: SpanFacts) => void) => Promise<T>): Promise<T>
  /** Adds to the span under way. */
  note(facts: SpanFacts): void
}

/** One for the process: the server's modules and those that Next bundled belong to the same trace. */
const shared = globalThis as unknown as { twigTracer?: Tracer | undefined }

/** Turns tracing on, or off. */
export function setTracer(tracer: Tracer | undefined): void {
  shared.twigTracer = tracer
}

/** The tracer; undefined where nobody asked for traces. */
export function tracer(): Tracer | undefined {
  return shared.twigTracer
}
