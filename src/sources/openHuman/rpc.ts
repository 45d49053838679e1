/**
 * Owns asking the core: JSON-RPC 2.0 over fetch with a deadline, its envelopes, and what went wrong in a sentence.
 */
import type { Clock } from '../../core/ports.ts'
import { systemClock } from '../../platform/browser.ts'

/** Calls one method of the core. The host's own client fits, and so does `jsonRpc`. */
export type Rpc = (method: string, params: Readonly<Record<string, unknown>>) => Promise<unknown>

/** A call that failed, in a sentence. `kind`: the core refused it, or whether it arrived is not known. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly method: string
  readonly kind: 'refused' | 'unreachable'
  readonly reason: string
  /** The core's own, where it gave one. */
  readonly code: number | null

  constructor(method: string, kind: RpcError['kind'], reason: string, code: number | null = null) {
    super(`${method}: ${reason}`)
    this.method = method
    this.kind = kind
    this.reason = reason
    this.code = code
  }
}

export interface JsonRpcOptions {
  headers?: Readonly<Record<string, string>>
  fetch?: typeof globalThis.fetch
  clock?: Clock
  /** After it the call has failed, whatever becomes of it. */
  timeoutMs?: number
}

const TIMEOUT_MS = 30_000

export function jsonRpc(url: string, options: JsonRpcOptions = {}): Rpc {
  const { headers = {}, clock = systemClock, timeoutMs = TIMEOUT_MS } = options
  const fetch = options.fetch ?? ((...args: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...args))
  let calls = 0

  return async (method, params) => {
    calls += 1
    const id = calls
    const deadline = new AbortController()
    const cancel = clock.setTimeout(() => deadline.abort(), timeoutMs)
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
        signal: deadline.signal,
      })
      return resultOf(method, response.status, await response.text())
    } catch (error) {
      if (error instanceof RpcError) throw error
      const seconds = Math.round(timeoutMs / 1_000)
      const reason = deadline.signal.aborted ? `no answer within ${seconds} s` : messageOf(error)
      throw new RpcError(method, 'unreachable', reason)
    } finally {
      cancel()
    }
  }
}

function resultOf(method: string, status: number, text: string): unknown {
  const body = parsed(text)
  const error = fieldOf(body, 'error')
  if (error !== undefined && error !== null) {
    const code = fieldOf(error, 'code')
    const message = fieldOf(error, 'message') ?? error
    const reason = typeof message === 'string' ? message : JSON.stringify(message)
    throw new RpcError(method, 'refused', reason, typeof code === 'number' ? code : null)
  }
  if (status < 200 || status > 299) throw new RpcError(method, 'unreachable', `HTTP ${status}`)
  if (!isObject(body)) throw new RpcError(method, 'unreachable', 'the answer is not JSON')
  return 'result' in body ? body['result'] : body
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

/** What an answer holds, out of the envelopes that cores put around it: `{data}`, and `{result, logs}`. */
export function unwrap(answer: unknown): unknown {
  if (!isObject(answer)) return answer
  if ('data' in answer && isObject(answer['data'])) return unwrap(answer['data'])
  if ('result' in answer && 'logs' in answer) return unwrap(answer['result'])
  return answer
}

/** An older core does not have every method. */
export const isUnknownMethod = (error: unknown): boolean =>
  error instanceof RpcError
    ? error.code === -32601 || /(unknown|no such) method|method not found/i.test(error.reason)
    : /(unknown|no such) method|method not found/i.test(messageOf(error))

/** Whether the core heard the call and said no; anything else leaves open what it did. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof RpcError ? error.kind === 'refused' : isUnknownMethod(error)

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const fieldOf = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined)

/** The answer's list under that name; none when it has another form. */
export function listOf(answer: unknown, name: string): readonly unknown[] {
  const value = fieldOf(unwrap(answer), name)
  return Array.isArray(value) ? (value as unknown[]) : []
}
