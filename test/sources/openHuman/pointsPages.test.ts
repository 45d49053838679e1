/** The points of openhuman.md 8 that are about what lists and pages of events leave out. */
import { test } from 'vitest'
import { childOf, holds } from './support/turnsApp.ts'
import { at, childRow, turnRow } from './support/turnsCore.ts'

/** Run events of one call, from its sequence on. */
function callEvents(runId: string, sequence: number, call: number, success = true): readonly object[] {
  const event = (offset: number, eventType: string, payload: object): object => ({
    runId,
    sequence: sequence + offset,
    eventType,
    payload: {
      agentId: 'researcher',
      callId: `cc-${call}`,
      toolName: `tool-${call}`,
      iteration: 1,
      ...payload,
    },
    timestamp: at(sequence + offset),
  })
  return [
    event(0, 'subagent_tool_call_started', {}),
    event(1, 'subagent_tool_call_completed', { success, outputChars: 6, elapsedMs: 310, failure: null }),
  ]
}

const spawned = (runId: string): object => ({
  runId,
  sequence: 1,
  eventType: 'subagent_spawned',
  payload: { agentId: 'researcher', parentRunId: 'req-9f2', threadId: 'thread-4', mode: 'typed' },
  timestamp: at(1),
})

test('openhuman 8.16: a run known from a list only has its tool calls, from its events', () =>
  holds(
    async ({ app, core, list }) => {
      const calls = [...callEvents('sub-1', 2, 1), ...callEvents('sub-1', 4, 2, false)]
      core.putEvents('sub-1', [spawned('sub-1'), ...calls])
      await list(childRow('sub-1', { status: 'completed', completedAt: at(9) }))
      const child = childOf(await app.view(), 'sub-1')
      return child?.toolCalls.map(({ name, status }) => [name, status])
    },
    {
      ours: [
        ['tool-1', 'success'],
        ['tool-2', 'error'],
      ],
      naive: [],
    },
  ))

test('openhuman 8.17: the children of a long thread are all there, beyond the first page', () =>
  holds(
    async ({ app, list }) => {
      const turns = Array.from({ length: 60 }, (_, index) => index)
      // Another thread was busy since: with its runs there are more than the longest page holds.
      const later = { status: 'completed', updatedAt: at(1_000), completedAt: at(1_000) }
      const others = Array.from({ length: 450 }, (_, index) => index)
      await list(
        ...others.map((index) => childRow(`other-${index}`, { ...later, parentThreadId: 'thread-9' })),
        ...turns.flatMap((index) => [
          turnRow(`req-${index}`, { status: 'completed', updatedAt: at(index), completedAt: at(index) }),
          childRow(`sub-${index}`, {
            parentRunId: `req-${index}`,
            status: 'completed',
            updatedAt: at(index),
            completedAt: at(index),
          }),
        ]),
      )
      return new Set((await app.view()).children.map(({ taskId }) => taskId)).size
    },
    { ours: 60, naive: 25 },
  ))

test('openhuman 8.21: the newest events of a run are its newest, however many there are', () =>
  holds(
    async ({ app, core, list }) => {
      // More than the longest page there is.
      const calls = Array.from({ length: 550 }, (_, index) => callEvents('sub-1', 2 + index * 2, index + 1))
      core.putEvents('sub-1', [spawned('sub-1'), ...calls.flat()])
      await list(childRow('sub-1', { status: 'completed', completedAt: at(900) }))
      const child = childOf(await app.view(), 'sub-1')
      return { latest: await app.latestTool('sub-1'), calls: child?.toolCalls.length }
    },
    { ours: { latest: 'tool-550', calls: 550 }, naive: { latest: 'tool-50', calls: 0 } },
  ))
