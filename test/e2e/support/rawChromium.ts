/**
 * Owns a browser spoken to directly: Playwright keeps every page awake and away from the back/forward cache, and
 * loses one that comes back from it.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { chromiumArgs, findChromium } from '../../../scripts/chromium.mjs'

export interface RawTab {
  /** The value of an expression, promises awaited. */
  evaluate<Value>(expression: string): Promise<Value>
  send(method: string, params?: object): Promise<unknown>
  /** Hears events of the protocol; those of a domain come once it is enabled. */
  on(method: string, listener: (params: Readonly<Record<string, unknown>>) => void): void
  close(): Promise<void>
}

export interface RawChromium {
  newTab(url: string): Promise<RawTab>
  close(): Promise<void>
}

/** An answer, or an event. */
interface Answer {
  id?: number
  method?: string
  params?: Readonly<Record<string, unknown>>
  sessionId?: string
  result?: unknown
  error?: { message: string }
}

export async function launchRaw(): Promise<RawChromium> {
  const path = findChromium()
  if (path === null) throw new Error('No Chromium: run `node scripts/setup.mjs --browser`.')
  const profile = await mkdtemp(join(tmpdir(), 'run-ledger-raw-'))
  const args = [
    ...chromiumArgs,
    '--headless=new',
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
    'about:blank',
  ]
  const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const [, , , to, from] = child.stdio as unknown as [null, null, null, Writable, Readable]
  const waiting = new Map<number, (answer: Answer) => void>()
  const listeners = new Map<string, (params: Readonly<Record<string, unknown>>) => void>()
  let requests = 0
  let rest = ''
  from.setEncoding('utf8').on('data', (part: string) => {
    const messages = (rest + part).split('\0')
    rest = messages.pop() ?? ''
    for (const message of messages) {
      const answer = JSON.parse(message) as Answer
      if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
      else listeners.get(`${answer.sessionId} ${answer.method}`)?.(answer.params ?? {})
    }
  })

  function send(method: string, params: object = {}, sessionId?: string): Promise<unknown> {
    requests += 1
    const id = requests
    to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return new Promise((resolve, reject) => {
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id)
        if (error === undefined) resolve(result)
        else reject(new Error(`${method}: ${error.message}`))
      })
    })
  }

  return {
    async newTab(url) {
      const { targetId } = (await send('Target.createTarget', { url })) as { targetId: string }
      const attached = await send('Target.attachToTarget', { targetId, flatten: true })
      const { sessionId } = attached as { sessionId: string }
      return {
        async evaluate<Value>(expression: string) {
          const params = { expression, awaitPromise: true, returnByValue: true }
          const { result, exceptionDetails } = (await send('Runtime.evaluate', params, sessionId)) as {
            result: { value: Value }
            exceptionDetails?: { text: string }
          }
          if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text)
          return result.value
        },
        send: (method, params) => send(method, params, sessionId),
        on: (method, listener) => void listeners.set(`${sessionId} ${method}`, listener),
        close: async () => void (await send('Target.closeTarget', { targetId })),
      }
    },
    async close() {
      send('Browser.close').catch(() => {})
      await exited
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
