/** What the ledger says the agents did is what they did: tool calls counted where they run, nothing invented. */
import { expect, test } from 'vitest'
import { accept } from '../../src/core/accept.ts'
import { decodeEvent } from '../../src/core/decode.ts'
import type { RunTelemetry } from '../../src/core/entities.ts'
import { sampleDocuments, sampleQuestions } from '../../app/samples/index.ts'
import { research } from './support/research.ts'

async function measured(question: string): Promise<{ callsMade: number; telemetry: RunTelemetry[] }> {
  const { events, callsMade } = await research({ question, documents: sampleDocuments })
  const decoded = events.flatMap((raw) => {
    const result = decodeEvent(raw, 'local:test')
    expect(result.kind).not.toBe('bad')
    return result.kind === 'event' ? [result.event] : []
  })
  const { changes } = accept(() => undefined, decoded)
  const telemetry = changes.flatMap(({ record }) => (record.entity === 'run' ? [record.telemetry] : []))
  return { callsMade, telemetry }
}

test.each(sampleQuestions)('tool counts equal the calls that were made: %s', async (question) => {
  const { callsMade, telemetry } = await measured(question)
  expect(callsMade).toBeGreaterThan(10)
  expect(telemetry.reduce((sum, { toolCount }) => sum + toolCount, 0)).toBe(callsMade)
})

test('elapsed time is measured, tokens and cost are unknown and not 0', async () => {
  const { telemetry } = await measured(sampleQuestions[1] ?? '')
  for (const { elapsedMs, inputTokens, outputTokens, costUsd } of telemetry) {
    expect(elapsedMs).toBeGreaterThanOrEqual(0)
    expect({ inputTokens, outputTokens, costUsd }).toEqual({
      inputTokens: null,
      outputTokens: null,
      costUsd: null,
    })
  }
})
