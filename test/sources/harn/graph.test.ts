/** harn's action graph as a selector: golden graphs, live updates, and what has only one end. */
import { describe, expect, test } from 'vitest'
import { harnActionGraph } from '../../../src/sources/harn/actionGraph.ts'
import {
  EDGE_KINDS,
  mergeActionGraphs,
  NODE_KINDS,
  readActionGraph,
} from '../../../src/sources/harn/actionGraphBlocks.ts'
import type { ActionGraph } from '../../../src/sources/harn/actionGraphBlocks.ts'

type Fields = Record<string, never> | Record<string, unknown>

const stage = (n: number, node: string, more: Fields = {}) => ({
  id: `run1:${node}:${n}`,
  node_id: node,
  kind: 'stage',
  status: 'completed',
  outcome: 'success',
  ...more,
})
const move = (from: string | null, to: string, more: Fields = {}) => ({
  id: `t${to}`,
  from_stage_id: from,
  to_node_id: to,
  ...more,
})
const run = (more: Fields) =>
  ({ _type: 'run_record', id: 'run1', workflow_id: 'wf', status: 'completed', ...more }) as never

const TRIGGER = {
  id: 'evt1',
  provider: 'github',
  kind: 'issue.opened',
  dedupe_key: 'd',
  trace_id: 'trace1',
  signature_status: { state: 'failed', reason: 'bad key' },
}

const graph = (more: Fields, live: readonly unknown[] = []): ActionGraph =>
  harnActionGraph(run(more), live as never) ?? expect.fail()
const edges = ({ edges }: ActionGraph) =>
  edges.map(({ from, to, kind, label }) => `${from} -${kind}${label === null ? '' : `:${label}`}-> ${to}`)
const nodes = ({ nodes }: ActionGraph) =>
  nodes.map(({ id, kind, status, outcome }) => `${id} ${kind} ${status}/${outcome}`)

describe('harn C2-22: the action graph', () => {
  test('plain: the run, its stages, entry and transition', () => {
    const plain = graph({
      workflow_name: 'Review',
      stages: [stage(0, 'plan'), stage(1, 'act')],
      transitions: [move('run1:plan:0', 'act', { branch: 'ok' })],
    })
    expect(nodes(plain)).toEqual([
      'run:run1 run completed/completed',
      'stage:run1:plan:0 stage completed/success',
      'stage:run1:act:1 stage completed/success',
    ])
    expect(edges(plain)).toEqual([
      'run:run1 -entry-> stage:run1:plan:0',
      'stage:run1:plan:0 -transition:ok-> stage:run1:act:1',
    ])
    expect(plain.nodes[0]).toMatchObject({ label: 'Review', metadata: { workflow_id: 'wf' } })
    expect(plain.dangling).toEqual([])
  })

  test('triggered and replayed: both triggers, the signature, one trace id on every node', () => {
    const replayed = graph({
      stages: [stage(0, 'plan')],
      metadata: { trigger_event: TRIGGER, replay_of_event_id: 'evt0' },
    })
    expect(nodes(replayed)).toEqual([
      'run:run1 run completed/completed',
      'trigger:evt0 trigger historical/replayed_from',
      'trigger:evt1 trigger received/failed',
      'stage:run1:plan:0 stage completed/success',
    ])
    expect(edges(replayed)).toEqual([
      'trigger:evt0 -replay_chain:replay chain-> trigger:evt1',
      'run:run1 -entry:evt1-> trigger:evt1',
      'trigger:evt1 -trigger_dispatch-> stage:run1:plan:0',
    ])
    expect(new Set(replayed.nodes.map(({ traceId }) => traceId))).toEqual(new Set(['trace1']))
    expect(replayed.nodes[1]?.label).toBe('github:issue.opened (original evt0)')
  })

  test('a trigger that cannot be read is none; the trace id stands without it', () => {
    const odd = graph({
      stages: [stage(0, 'plan')],
      metadata: { trigger_event: { id: 7 }, trace_id: 'trace2' },
    })
    expect(nodes(odd)).toHaveLength(2)
    expect(odd.nodes.map(({ traceId }) => traceId)).toEqual(['trace2', 'trace2'])
  })

  test('delegated: listed workers, and one that only its stage knows; no status is unknown, never completed', () => {
    const delegated = graph({
      stages: [stage(0, 'act', { metadata: { worker: { id: 'w2', child_run_id: 'run2' } } })],
      child_runs: [
        {
          worker_id: 'w1',
          worker_name: 'scout',
          status: 'failed',
          parent_stage_id: 'run1:act:0',
          task: 'Look',
        },
        { worker_id: 'w3', worker_name: 'lost', status: 'running', parent_stage_id: 'nowhere' },
      ],
    })
    expect(nodes(delegated).slice(2)).toEqual([
      'worker:w1 worker failed/failed',
      'worker:w3 worker running/running',
      'worker:w2 worker unknown/unknown',
    ])
    expect(edges(delegated).slice(1)).toEqual([
      'stage:run1:act:0 -delegates:scout-> worker:w1',
      'stage:run1:act:0 -delegates:worker-> worker:w2',
    ])
  })

  test('a condition is a predicate and guards what it leads to; a node that ran twice is two nodes', () => {
    const looped = graph({
      stages: [
        stage(0, 'check', { kind: 'condition', branch: 'true' }),
        stage(1, 'act'),
        stage(2, 'check', { kind: 'condition' }),
        stage(3, 'act'),
      ],
      transitions: [
        move('run1:check:0', 'act', { branch: 'true' }),
        move('run1:act:1', 'check'),
        move('run1:check:2', 'act'),
        move(null, 'check', { from_node_id: 'nobody' }),
      ],
    })
    expect(looped.nodes.filter(({ nodeId }) => nodeId === 'act').map(({ id }) => id)).toEqual([
      'stage:run1:act:1',
      'stage:run1:act:3',
    ])
    expect(looped.nodes[1]).toMatchObject({
      kind: 'predicate',
      metadata: { stage_kind: 'condition', branch: 'true' },
    })
    expect(edges(looped)).toEqual([
      'stage:run1:check:0 -predicate_gate:true-> stage:run1:act:3',
      'stage:run1:act:1 -transition-> stage:run1:check:2',
      'stage:run1:check:2 -predicate_gate-> stage:run1:act:3',
      'run:run1 -transition-> stage:run1:check:2',
    ])
  })

  test('a step to a node that never ran has no target: left out, and told', () => {
    const cut = graph({ stages: [stage(0, 'plan')], transitions: [move('run1:plan:0', 'act')] })
    expect(edges(cut)).toEqual(['run:run1 -entry-> stage:run1:plan:0'])
    expect(cut.dangling).toEqual([
      { from: 'stage:run1:plan:0', to: 'node:act', kind: 'transition', label: null },
    ])
  })

  test('live updates: nodes by id with metadata added up, edges by what they say, an end that comes later', () => {
    const update = {
      observability: {
        action_graph_nodes: [
          {
            id: 'stage:run1:plan:0',
            label: 'plan',
            kind: 'stage',
            status: 'failed',
            outcome: 'error',
            metadata: { note: 1 },
          },
          { id: 'dlq:1', label: 'dead letters', kind: 'dlq', status: 'waiting', outcome: '' },
        ],
        action_graph_edges: [
          { from_id: 'run:run1', to_id: 'stage:run1:plan:0', kind: 'entry' },
          { from_id: 'stage:run1:plan:0', to_id: 'retry:1', kind: 'retry', label: 'again' },
          { from_id: 'stage:run1:plan:0', to_id: 'dlq:1', kind: 'dlq_move' },
        ],
      },
    }
    const later = { action_graph_nodes: [{ id: 'retry:1', label: 'retry', kind: 'retry' }] }
    const before = graph({ stages: [stage(0, 'plan')] }, [update])
    expect(before.dangling.map(({ kind }) => kind)).toEqual(['retry'])
    const live = graph({ stages: [stage(0, 'plan')] }, [update, later])
    expect(live.dangling).toEqual([])
    expect(nodes(live)).toEqual([
      'run:run1 run completed/completed',
      'stage:run1:plan:0 stage failed/error',
      'dlq:1 dlq waiting/',
      'retry:1 retry /',
    ])
    expect(live.nodes[1]?.metadata).toEqual({ stage_kind: 'stage', note: 1 })
    expect(edges(live)).toHaveLength(3)
    // Twice is once.
    expect(graph({ stages: [stage(0, 'plan')] }, [update, later, update, later])).toEqual(live)
  })

  test('the block a file holds and the graph of its record are the same graph', () => {
    const saved = {
      action_graph_nodes: [
        {
          id: 'run:run1',
          label: 'wf',
          kind: 'run',
          status: 'completed',
          outcome: 'completed',
          trace_id: null,
          run_id: 'run1',
          metadata: { workflow_id: 'wf' },
        },
        {
          id: 'stage:run1:plan:0',
          label: 'plan',
          kind: 'stage',
          status: 'completed',
          outcome: 'success',
          stage_id: 'run1:plan:0',
          node_id: 'plan',
          metadata: { stage_kind: 'stage' },
        },
      ],
      action_graph_edges: [{ from_id: 'run:run1', to_id: 'stage:run1:plan:0', kind: 'entry', label: null }],
    }
    const derived = graph({ stages: [stage(0, 'plan')] })
    expect(readActionGraph(saved)).toEqual(derived)
    expect(graph({ stages: [stage(0, 'plan')], observability: saved })).toEqual(derived)
  })

  test('A1 what is no graph is an empty one; no record, no graph', () => {
    for (const block of [
      null,
      7,
      'x',
      [],
      {},
      { nodes: 'no' },
      { nodes: [null, {}, { id: 3 }], edges: [{ from_id: 'a' }] },
    ]) {
      expect(readActionGraph(block as never)).toEqual({ nodes: [], edges: [], dangling: [] })
    }
    expect(harnActionGraph([])).toBeNull()
    expect(harnActionGraph({ stages: 'none', child_runs: [3], transitions: {} })?.nodes).toHaveLength(1)
    expect([NODE_KINDS.length, EDGE_KINDS.length]).toEqual([11, 9])
    const one = readActionGraph({ nodes: [{ id: 'a' }] })
    expect(mergeActionGraphs(one, one)).toEqual(one)
  })
})
