/**
 * Owns what a workflow run of harn says beyond its phases: what started it and whether that was signed, which step came
 * after which, where its transcript was shortened, and whom it handed on to; and giving it back as harn's file.
 */
import { useEffect, useMemo } from 'react'
import { useRunEventPages, useRunLedger, useTask } from 'run-ledger/react'
import { workflowLog } from 'run-ledger'
import type { RunEvent } from 'run-ledger'
import { exportHarnRun, harnActionGraph } from 'run-ledger/sources/harn'
import type {
  ActionEdge,
  ActionGraph,
  ActionNode,
  HarnExport as HarnExported,
  KeptEvent,
} from 'run-ledger/sources/harn'
import { download, fileName } from '../lib/download.ts'
import { count, formatNumber } from '../lib/format.ts'
import { visible } from '../lib/visible.ts'
import { ToneIcon } from './Icon.tsx'

/** Events read for the graph; of a longer run nothing is drawn, and that is said. */
const MOST_EVENTS = 5_000
const PAGE = 1_000

export function HarnRun({ id }: { id: string }) {
  const record = useAllEvents({ workflowRunId: id })
  const own = useAllEvents({ runId: id })
  const graph = useMemo(() => (record.complete ? harnActionGraph(record.events) : null), [record])
  const marks = own.events.filter(
    ({ type }) => type === 'transcript.compacted' || type === 'handoff.recorded',
  )
  return (
    <section className="harn" aria-labelledby="harn-title" data-testid="harn-run">
      <div className="section-head">
        <h2 id="harn-title">Course of the run</h2>
        {graph !== null && <Trigger graph={graph} />}
        <HarnExport id={id} />
      </div>
      {record.tooLong && <p className="note">This run has too many events for its graph to be shown.</p>}
      {graph !== null && <Steps graph={graph} />}
      {marks.length > 0 && (
        <ul className="harn-marks">
          {marks.map((event) => (
            <li key={event.sequence} data-testid="harn-mark" data-kind={event.type}>
              {visible(event.type === 'transcript.compacted' ? compacted(event) : handedOn(event))}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** Gives the run back as harn wrote it. */
function HarnExport({ id }: { id: string }) {
  const { archive } = useRunLedger()
  const { start, running, error, result } = useTask<HarnExported>()
  const write = (): void =>
    void start(async () => {
      const exported = exportHarnRun(await storedEvents(archive.export({ log: workflowLog(id) })))
      if (exported.text === null) throw new Error('Its record is no longer stored.')
      download(
        new Blob([exported.text], { type: 'application/json' }),
        fileName(id).replace(/jsonl$/, 'json'),
      )
      return exported
    })
  return (
    <span className="harn-export">
      <button type="button" className="button" data-testid="harn-export" disabled={running} onClick={write}>
        {running ? 'Exporting…' : 'Export for harn'}
      </button>
      <span className="note" role="status" data-testid="harn-export-said">
        {result !== null &&
          result.missing.length > 0 &&
          `${count(result.missing.length, 'piece')} of the record ${result.missing.length === 1 ? 'is' : 'are'} no longer stored and left out.`}
      </span>
      {error !== null && (
        <span className="note note-bad" role="alert">
          Not exported: {error}
        </span>
      )}
    </span>
  )
}

/** The events of a log, however many, out of the lines of an archive. */
async function storedEvents(lines: AsyncIterable<string>): Promise<KeptEvent[]> {
  const events: KeptEvent[] = []
  for await (const line of lines) {
    const { event } = JSON.parse(line) as { event?: KeptEvent }
    if (event !== undefined) events.push(event)
  }
  return events
}

function useAllEvents(run: { workflowRunId: string } | { runId: string }) {
  const { events, hasMore, isLoadingMore, state, loadMore } = useRunEventPages({
    ...run,
    order: 'ascending',
    limit: PAGE,
  })
  const tooLong = hasMore && events.length >= MOST_EVENTS
  useEffect(() => {
    if (hasMore && !isLoadingMore && !tooLong) loadMore()
  }, [hasMore, isLoadingMore, tooLong, loadMore])
  return useMemo(
    () => ({ events, tooLong, complete: state === 'ready' && !hasMore }),
    [events, tooLong, state, hasMore],
  )
}

/** What started it. A signature that did not hold is never in small print. */
function Trigger({ graph }: { graph: ActionGraph }) {
  const trigger = graph.nodes.find(({ kind, status }) => kind === 'trigger' && status !== 'historical')
  if (trigger === undefined) return null
  const original = graph.nodes.find(({ kind, status }) => kind === 'trigger' && status === 'historical')
  const { outcome } = trigger
  const tone = outcome === 'verified' ? 'good' : outcome === 'failed' ? 'bad' : 'quiet'
  return (
    <span className="harn-trigger" data-testid="harn-trigger" data-signature={outcome}>
      Started by <bdi>{visible(trigger.label)}</bdi>
      <span className="harn-signature" data-tone={tone}>
        <ToneIcon tone={tone} />
        {SIGNATURES[outcome] ?? 'not signed'}
      </span>
      {original !== undefined && (
        <span className="note">a replay of {visible(original.id.replace('trigger:', ''))}</span>
      )}
    </span>
  )
}

const SIGNATURES: Record<string, string> = {
  verified: 'signature verified',
  failed: 'signature failed',
}

function Steps({ graph }: { graph: ActionGraph }) {
  const labels = new Map(graph.nodes.map(({ id, label }) => [id, label]))
  return (
    <ol className="harn-steps">
      {graph.nodes.map((node) => (
        <li key={node.id} data-testid="harn-node" data-kind={node.kind} data-tone={toneOf(node)}>
          <span className="harn-kind">{node.kind.replaceAll('_', ' ')}</span>
          <bdi className="harn-label">{visible(node.label)}</bdi>
          <span className="harn-status">{node.status === '' ? 'unknown' : visible(node.status)}</span>
          <span className="note harn-from">
            {graph.edges
              .filter(({ to }) => to === node.id)
              .map((edge) => from(edge, labels))
              .join('; ')}
          </span>
        </li>
      ))}
      {graph.dangling.length > 0 && (
        <li className="note" data-testid="harn-dangling">
          {graph.dangling.length === 1 ? 'One step leads' : `${graph.dangling.length} steps lead`} to a node
          that never ran.
        </li>
      )}
    </ol>
  )
}

function from({ from, kind, label }: ActionEdge, labels: ReadonlyMap<string, string>): string {
  const how = HOW[kind] ?? kind.replaceAll('_', ' ')
  const branch = label !== null && (kind === 'transition' || kind === 'predicate_gate') ? ` (${label})` : ''
  return visible(`${how} ${labels.get(from) ?? from}${branch}`)
}

const HOW: Record<string, string> = {
  entry: 'from',
  trigger_dispatch: 'dispatched by',
  predicate_gate: 'let through by',
  replay_chain: 'replays',
  transition: 'after',
  delegates: 'for',
  retry: 'tried again after',
}

const TONES: Record<string, string> = {
  completed: 'good',
  failed: 'bad',
  running: 'working',
  paused: 'attention',
}

/** A stage that says completed with a bad outcome went badly. */
const toneOf = ({ kind, status, outcome }: ActionNode): string =>
  kind !== 'trigger' && ['failure', 'error', 'failed'].includes(outcome) ? 'bad' : (TONES[status] ?? 'quiet')

function compacted({ payload }: RunEvent): string {
  const tokens = (name: string): string | null => {
    const figure = payload[name]
    return typeof figure === 'number' ? formatNumber(figure) : null
  }
  const [before, after] = [tokens('before'), tokens('after')]
  const kept = payload['available'] === true ? ' The original was kept.' : ''
  if (before === null && after === null) return `The transcript was shortened.${kept}`
  return `The transcript was shortened from ${before ?? 'an unknown number of'} to ${after ?? 'an unknown number of'} tokens.${kept}`
}

function handedOn({ payload }: RunEvent): string {
  const { target, task } = payload
  return `Handed on to ${String(target)}${typeof task === 'string' ? `: ${task}` : ''}`
}
