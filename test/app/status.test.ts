/** What a phase reads as: at work only while one of its agents is. */
import { expect, test } from 'vitest'
import type { RunStatusName } from 'run-ledger'
import { shownPhaseStatus } from '../../app/lib/status.ts'

const running = (workflow: RunStatusName, runs: readonly RunStatusName[], unconfirmed = false) =>
  shownPhaseStatus('running', { workflow, runs, unconfirmed })

test('a phase whose workflow run is paused is paused', () => {
  expect(running('paused', ['paused', 'completed'])).toBe('paused')
  expect(running('paused', [])).toBe('paused')
})

test('a phase that only waits for a person says so', () => {
  expect(running('awaiting_user', ['awaiting_user', 'completed'])).toBe('awaiting_user')
  expect(running('awaiting_user', ['awaiting_user', 'paused'])).toBe('awaiting_user')
  expect(running('awaiting_user', ['awaiting_user', 'running'])).toBe('running')
  expect(running('running', ['completed'])).toBe('running')
})

test('nobody confirmed it: nothing is said of its work, and what has ended or not begun stays as it is', () => {
  expect(running('running', ['running'], true)).toBe('unconfirmed')
  const known = { workflow: 'paused', runs: [], unconfirmed: true } as const
  expect(shownPhaseStatus('completed', known)).toBe('completed')
  expect(shownPhaseStatus('pending', known)).toBe('pending')
})
