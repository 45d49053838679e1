/**
 * Owns the replay fixture of a harn run: what a later run of the same workflow is compared with. The one in the file is
 * kept; else it is made of the record alone, so that the same record always gives the same fixture. harn-agentd A7.
 */
import { hashOf } from '../../core/contentKey.ts'
import type { Json } from '../../core/entities.ts'
import { recordOf } from './actionGraph.ts'
import type { GraphSource } from './actionGraph.ts'
import { isObject, objectsIn } from './records.ts'
import type { JsonObject } from './records.ts'

/** Characters of a stage's text that a replay has to show. */
const TEXT_CHARS = 80

export interface StageAssertion {
  node_id: string
  expected_status: string
  expected_outcome: string
  expected_branch: string | null
  required_artifact_kinds: readonly string[]
  visible_text_contains: string | null
}

/** In harn's names: a fixture is handed back to harn. */
export interface ReplayFixture {
  _type: 'replay_fixture'
  id: string
  source_run_id: string
  workflow_id: string
  workflow_name: string | null
  created_at: string
  eval_kind: string
  clarifying_question: Json
  expected_status: string
  stage_assertions: readonly StageAssertion[]
}

/** The fixture of a run, from its events or its record; null when there is no record of harn in them. */
export function harnReplayFixture(source: GraphSource): JsonObject | null {
  const run = recordOf(source)
  if (run === null) return null
  const saved = run['replay_fixture']
  return isObject(saved) ? saved : ({ ...derived(run) } as unknown as JsonObject)
}

function derived(run: JsonObject): ReplayFixture {
  const content = {
    source_run_id: text(run['id']),
    workflow_id: text(run['workflow_id']),
    workflow_name: text(run['workflow_name']) || null,
    expected_status: text(run['status']),
    stage_assertions: objectsIn(run['stages']).map(assertion),
  }
  return {
    _type: 'replay_fixture',
    id: `fixture_${hashOf(content as unknown as JsonObject)}`,
    // As the record spells it: when the run was over, else when it began.
    created_at: text(run['finished_at']) || text(run['started_at']),
    eval_kind: 'replay',
    clarifying_question: null,
    ...content,
  }
}

function assertion(stage: JsonObject): StageAssertion {
  // Whole characters: half of a pair of surrogates is in no text.
  const shown = [...text(stage['visible_text'])].slice(0, TEXT_CHARS).join('')
  return {
    node_id: text(stage['node_id']),
    expected_status: text(stage['status']),
    expected_outcome: text(stage['outcome']),
    expected_branch: text(stage['branch']) || null,
    required_artifact_kinds: objectsIn(stage['artifacts']).map((artifact) => text(artifact['kind'])),
    visible_text_contains: shown === '' ? null : shown,
  }
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
