/** Owns pages that are connected to a double of agentd over real sockets, and can be cut off from it. */
import { WebSocket } from 'ws'
import type { Clock } from '../../../src/core/ports.ts'
import { systemClock } from '../../../src/platform/browser.ts'
import type { AgentdOptions } from '../../../src/sources/agentd/options.ts'
import { agentdRest } from '../../../src/sources/agentd/rest.ts'
import { agentdSource } from '../../../src/sources/agentd/source.ts'
import type { WebSocketLike } from '../../../src/sources/agentd/stream.ts'
import type { AgentdDouble } from '../../../src/testing/doubles/agentd/server.ts'
import type { ScriptedSource } from '../../../src/testing/scriptedSource.ts'
import type { FaultyPage, Machine } from '../../faults/support/page.ts'

export interface Line {
  /** Ends every socket, and none opens any more: the page is gone. */
  cut(): void
  options: AgentdOptions
}

const DEAF: WebSocketLike = { send() {}, close() {}, addEventListener() {} }

/** `lost`: a socket of this page was closed by the other side. */
export function lineTo(double: AgentdDouble, lost: () => void = () => {}): Line {
  const rest = agentdRest({ url: double.url })
  const sockets = new Set<WebSocket>()
  let isCut = false
  return {
    cut() {
      isCut = true
      for (const socket of sockets) socket.terminate()
    },
    options: {
      ...rest,
      connect(agentId) {
        if (isCut) return DEAF
        const socket = new WebSocket(rest.connect(agentId))
        sockets.add(socket)
        socket.on('close', () => {
          if (!isCut) lost()
        })
        return socket as unknown as WebSocketLike
      },
      list: () => (isCut ? new Promise(() => {}) : rest.list()),
      approvals: () => (isCut ? new Promise(() => {}) : rest.approvals()),
      clock: systemClock,
      backoff: [1],
      listEvery: 5,
    },
  }
}

/** Milliseconds between two looks, and how many there are: as long as sockets of a busy machine may take. */
const LOOK_MS = 2
const LOOKS = 8_000

async function until(isTrue: () => boolean): Promise<boolean> {
  for (let look = 0; look < LOOKS && !isTrue(); look += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS)
    })
  }
  return isTrue()
}

/** Sockets take their own time, so the page has the real clock. Nothing of the scripted source it promises is used. */
export async function bootWith(at: Machine, options: AgentdOptions): Promise<FaultyPage> {
  const source = agentdSource(options) as ScriptedSource
  let isDead = false
  const clock: Clock = {
    ...systemClock,
    setTimeout: (fire, ms) => systemClock.setTimeout(() => isDead || fire(), ms),
  }
  const page = at.open({ source, clock })
  await page.boot()
  // A dead page tries nothing again.
  const die = (): void => {
    isDead = true
    page.die()
  }
  return { ...page, die, until, meanwhile: (work) => work }
}
