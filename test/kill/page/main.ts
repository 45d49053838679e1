/**
 * Owns the page that is killed: opens the ledger, and appends for as long as it lives. It judges nothing.
 */
import type { Prepared } from '../../../src/core/content.ts'
import { eventAt, hash, LOGS, randomOf, smallAt } from '../workload.ts'
import type { Random } from '../workload.ts'
import type { Word, WriteOptions } from './protocol.ts'
import { openStack } from './stack.ts'
import type { Stack } from './stack.ts'
import { watchUpgrades } from './watch.ts'

/** Appends under way at one time: the writer always has the next batch at hand. */
const OUTSTANDING = 4
/** Events of one log in one append. */
const MOST_EVENTS = 8
const MOST_LOGS = 3

const upgrades = watchUpgrades()
let stack: Stack | null = null
/** Appends of this life. */
let appends = 0

const say = (word: Word): void => window.tell(JSON.stringify(word))

function opened(): Stack {
  if (stack === null) throw new Error('Open the ledger first.')
  return stack
}

/** The next events of a few logs. */
function nextEvents({ seed, generation }: WriteOptions, random: Random): readonly Prepared[] {
  const logs = new Set(Array.from({ length: 1 + random.below(MOST_LOGS) }, () => random.below(LOGS.length)))
  return [...logs].flatMap((index) => {
    const log = LOGS[index] ?? 'r:a'
    const from = opened().head(log) + 1
    return Array.from({ length: 1 + random.below(MOST_EVENTS) }, (_, offset) =>
      eventAt({ seed, log, sequence: from + offset, generation }),
    )
  })
}

async function append(options: WriteOptions, random: Random): Promise<void> {
  const began = performance.now()
  appends += 1
  const small = smallAt(options.generation, appends)
  const { heads, receipt } = opened().append(nextEvents(options, random), small, options.durability)
  if (options.paceMs !== null) say({ kind: 'queued', heads })
  const acknowledged = await receipt
  say({ kind: 'acknowledged', acknowledged, ms: performance.now() - began })
}

const failed = (error: unknown): void => say({ kind: 'failed', error: String(error) })

async function keepAppending(options: WriteOptions, random: Random): Promise<void> {
  for (;;) await append(options, random)
}

window.kill = {
  async open(options) {
    stack = await openStack(options, {
      health: (error) => say({ kind: 'health', error }),
      failed,
    })
    return { ...stack.opened, upgrades: upgrades() }
  },
  verify: () => opened().verify(),
  readBack: async () => JSON.stringify(await opened().readBack()),
  write(options) {
    const random = randomOf(hash(`${options.seed}/${options.generation}`))
    if (options.paceMs !== null) {
      setInterval(() => void append(options, random).catch(failed), options.paceMs)
      return
    }
    for (let lane = 0; lane < OUTSTANDING; lane += 1) keepAppending(options, random).catch(failed)
  },
}
