/**
 * Owns the line between the pages of one scope: what this page committed is announced, what others say is handed
 * to whoever listens. Hints only; a lost message is healed by looking at the disk. SPEC T1.
 */
import { isAnyOf } from '@reduxjs/toolkit'
import type { ListenerMiddlewareInstance } from '@reduxjs/toolkit'
import { lifecycleOf } from '../../core/entities.ts'
import { scopeName } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import type { Channel, Channels } from '../../core/ports.ts'
import { commandChanged, committed, decided } from '../actions.ts'
import type { FollowedState } from '../api/openQueries.ts'
import { MESSAGE_NAMES, readTabMessage } from './tabMessages.ts'
import type { TabMessage } from './tabMessages.ts'

export interface Tabs {
  say(message: TabMessage): void
  hear(listener: (message: TabMessage) => void): () => void
  /** Hangs up, as a page must that is kept without running: what it hears would throw it out. */
  close(): void
  open(): void
}

export function createTabs(scope: string, channels: Channels): Tabs {
  const listeners = new Set<(message: TabMessage) => void>()
  let channel: Channel | null = null

  function hear(raw: unknown): void {
    const message = readTabMessage(raw)
    if (message === null) return
    for (const listener of listeners) listener(message)
  }

  return {
    say: (message) => channel?.post(message),
    hear(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      channel?.close()
      channel = null
    },
    open() {
      channel ??= channels(`run-ledger:${scopeName(scope)}`, hear)
    },
  }
}

/** Tells the others after each commit. */
export function announceCommits(listener: ListenerMiddlewareInstance<FollowedState>, tabs: Tabs): void {
  function announce(heads: readonly (readonly [LogId, number])[], ids: readonly string[]): void {
    for (let at = 0; at < heads.length; at += MESSAGE_NAMES) {
      tabs.say({ kind: 'at', heads: heads.slice(at, at + MESSAGE_NAMES) })
    }
    for (let at = 0; at < ids.length; at += MESSAGE_NAMES) {
      tabs.say({ kind: 'commands', ids: ids.slice(at, at + MESSAGE_NAMES) })
    }
  }

  listener.startListening({
    matcher: isAnyOf(committed, decided, commandChanged),
    effect(action) {
      if (committed.match(action)) {
        const { persisted, commands } = action.payload
        announce(
          persisted.map(({ log, sequence }) => [log, sequence] as const),
          commands.map(({ id }) => id),
        )
      } else if (decided.match(action)) {
        const { changes } = action.payload
        announce(
          changes.map(({ log, record }) => [log, lifecycleOf(record).lastSequence] as const),
          [],
        )
      } else if (commandChanged.match(action)) announce([], [action.payload.id])
    },
  })
}
