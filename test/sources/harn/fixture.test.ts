/** harn's replay fixtures: kept where there is one, else made of the record and of nothing else. */
import { expect, test } from 'vitest'
import { harnReplayFixture } from '../../../src/sources/harn/fixture.ts'

const RUN = {
  _type: 'run_record',
  id: 'run1',
  workflow_id: 'wf',
  workflow_name: 'Review',
  status: 'completed',
  started_at: '2026-04-22T00:00:00Z',
  finished_at: '1776816000',
  stages: [
    {
      id: 's',
      node_id: 'plan',
      status: 'completed',
      outcome: 'success',
      branch: 'yes',
      visible_text: `${'🙂'.repeat(79)}ab`,
      artifacts: [{ kind: 'report' }, { kind: 'log' }],
    },
    { id: 't', node_id: 'act', status: 'failed', outcome: 'error', visible_text: '' },
  ],
}

test('a fixture in the file is the fixture', () => {
  const saved = { _type: 'replay_fixture', id: 'fixture_x', unknown: { a: 1 } }
  expect(harnReplayFixture({ ...RUN, replay_fixture: saved })).toEqual(saved)
})

test('without one it is made of the record: an id of its content, the time of the run, 80 characters of text', () => {
  expect(harnReplayFixture(RUN)).toEqual({
    _type: 'replay_fixture',
    id: expect.stringMatching(/^fixture_[0-9a-f]{24}$/),
    source_run_id: 'run1',
    workflow_id: 'wf',
    workflow_name: 'Review',
    created_at: '1776816000',
    eval_kind: 'replay',
    clarifying_question: null,
    expected_status: 'completed',
    stage_assertions: [
      {
        node_id: 'plan',
        expected_status: 'completed',
        expected_outcome: 'success',
        expected_branch: 'yes',
        required_artifact_kinds: ['report', 'log'],
        visible_text_contains: `${'🙂'.repeat(79)}a`,
      },
      {
        node_id: 'act',
        expected_status: 'failed',
        expected_outcome: 'error',
        expected_branch: null,
        required_artifact_kinds: [],
        visible_text_contains: null,
      },
    ],
  })
})

test('the same record gives the same fixture, another outcome another one', () => {
  expect(harnReplayFixture(structuredClone(RUN))).toEqual(harnReplayFixture(RUN))
  expect(harnReplayFixture({ ...RUN, status: 'failed' })?.['id']).not.toBe(harnReplayFixture(RUN)?.['id'])
  expect(harnReplayFixture({ ...RUN, finished_at: null })?.['created_at']).toBe('2026-04-22T00:00:00Z')
})

test('A1 nothing to make one of', () => {
  expect(harnReplayFixture([])).toBeNull()
  expect(harnReplayFixture({ stages: [1, null, {}] })?.['stage_assertions']).toHaveLength(1)
})
