/**
 * Owns what a point of section 8 is played on: an app that hears a core, and what a person finds in it. Both the naive
 * converter and ours are one.
 */
import { expect } from 'vitest'
import { naiveApp } from '../naive/naiveApp.ts'
import { ourApp } from './ours.ts'
import type { Wire } from './turns.ts'
import { createBridge } from './turnsBridge.ts'
import { createCore } from './turnsCore.ts'
import type { Core, Row } from './turnsCore.ts'

export type RowStatus = 'running' | 'success' | 'error' | 'awaiting_user' | 'cancelled'

export interface ToolView {
  /** What the row is rendered under. */
  key: string
  name: string
  status: RowStatus | 'unknown'
  result: string | null
}

export interface ChildView {
  id: string
  taskId: string
  status: RowStatus
  /** What the person is asked. */
  questions: readonly string[]
  /** Claims that its work is saved and can go on. */
  resumable: boolean
  /** What it found, as far as it can still be read. */
  result: string | null
  error: string | null
  completedAt: number | null
  elapsedMs: number | null
  costUsd: number | null
  /** The turns it worked for, the present one first. */
  parents: readonly string[]
  toolCalls: readonly ToolView[]
}

export interface TurnView {
  requestId: string
  /** Null: nothing is known of it any more. */
  status: RowStatus | null
  tools: readonly ToolView[]
}

export interface WorkflowView {
  id: string
  status: string
  summary: string | null
  completedAt: number | null
  phases: Readonly<Record<string, string>>
}

export interface View {
  /** Is the thread at work? */
  working: boolean
  children: readonly ChildView[]
  /** Children that a person can open. */
  openable: readonly string[]
  turns: readonly TurnView[]
  totals: { inputTokens: number | null; outputTokens: number | null; costUsd: number | null }
  workflows: readonly WorkflowView[]
}

export interface App {
  /** Messages of the socket, in the order they arrive. */
  hear(...messages: readonly Wire[]): Promise<void>
  /** The person sends the next message of the thread. */
  send(text: string): Promise<void>
  /** The app looks at what the core lists, as it does when a thread is opened. */
  look(): Promise<void>
  /** The line to the core broke and holds again. */
  reconnect(): Promise<void>
  /** The page is closed and opened again. */
  reload(): Promise<void>
  /** Presses a button; false when there is none. */
  press(verb: 'stop' | 'retry', runId: string): Promise<boolean>
  /** The tool that the newest event shown of a run tells of. */
  latestTool(runId: string): Promise<string | null>
  /** Lets go of settled runs, so that at most so many are left. */
  keep(maxRuns: number): Promise<void>
  view(): Promise<View>
  close(): Promise<void>
}

export interface Stage {
  app: Omit<App, 'hear' | 'reconnect'>
  core: Core
  /** The core sends these, and writes of them what it writes. */
  hear(...messages: readonly Wire[]): Promise<void>
  /** The core is started anew: what ran is interrupted, and the line breaks. */
  restart(): Promise<void>
  /** The core's ledger holds these now, and the app looks. */
  list(...rows: readonly Row[]): Promise<void>
}

/** Plays the scene before the naive converter and before ours: what each of them shows in the end. */
export async function seenBy<Seen>(
  play: (stage: Stage) => Promise<Seen>,
): Promise<{ naive: Seen; ours: Seen }> {
  return { naive: await playOn(naiveApp, play), ours: await playOn(ourApp, play) }
}

async function playOn<Seen>(
  open: (core: Core) => Promise<App>,
  play: (stage: Stage) => Promise<Seen>,
): Promise<Seen> {
  const core = createCore()
  const app = await open(core)
  const bridge = createBridge(core)
  try {
    return await play({
      app,
      core,
      hear: (...messages) => {
        bridge.sent(messages)
        return app.hear(...messages)
      },
      restart: () => {
        core.restart()
        return app.reconnect()
      },
      list: (...rows) => {
        core.put(...rows)
        return app.look()
      },
    })
  } finally {
    await app.close()
  }
}

/**
 * Holds a point: ours shows what it must, and the naive converter shows what people complained about, which is
 * something else.
 */
export async function holds<Seen>(
  play: (stage: Stage) => Promise<Seen>,
  shown: { ours: Seen; naive: Seen },
): Promise<void> {
  const seen = await seenBy(play)
  expect(() => expect(seen.naive).toEqual(shown.ours)).toThrow()
  expect(seen.naive, 'the naive converter').toEqual(shown.naive)
  expect(seen.ours, 'ours').toEqual(shown.ours)
}

export function childOf(view: View, taskId: string): ChildView | null {
  return view.children.find((child) => child.taskId === taskId) ?? null
}
