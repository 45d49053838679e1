/** Owns deleting old runs: limits in, what would go and what stays out, and nothing without a button that says so. */
import { useId, useState } from 'react'
import type { FormEvent } from 'react'
import { useStore } from 'react-redux'
import { useLedgerStatus, useRunLedger, useTask } from 'run-ledger/react'
import { idOfLog, isRunLog, selectWorkflow } from 'run-ledger'
import type { PlannedTree, PruneResult, RetentionPolicy, RetentionPreview } from 'run-ledger'
import { count, formatBytes, formatStarted } from '../lib/format.ts'
import { readLimit } from '../lib/limits.ts'
import { questionIn } from '../lib/researchInput.ts'
import type { AppState } from '../store.ts'
import { ProgressBar } from './ProgressBar.tsx'

/** Runs named one by one in a preview. */
const SHOWN = 20

export function RetentionPanel({ onDeleted }: { onDeleted: () => void }) {
  const ledger = useRunLedger()
  const { phase } = useLedgerStatus()
  const preview = useTask<RetentionPreview>()
  const pruning = useTask<PruneResult>()
  const [days, setDays] = useState('')
  const [runs, setRuns] = useState('')
  const [wrong, setWrong] = useState<string | null>(null)
  const id = useId()

  function show(event: FormEvent): void {
    event.preventDefault()
    pruning.reset()
    const [maxAgeDays, maxRuns] = [readLimit(days), readLimit(runs)]
    const unreadable = maxAgeDays === undefined || maxRuns === undefined
    const nothing = maxAgeDays === null && maxRuns === null
    setWrong(unreadable ? 'Whole numbers, please.' : nothing ? 'Fill in one of the two.' : null)
    preview.reset()
    if (unreadable || nothing) return
    const policy: RetentionPolicy = {
      ...(maxAgeDays !== null && { maxAgeDays }),
      ...(maxRuns !== null && { maxRuns }),
    }
    void preview.start(() => ledger.retention.preview(policy))
  }

  async function prune(plan: RetentionPreview): Promise<void> {
    preview.reset()
    await pruning.start((onProgress) => ledger.retention.prune(plan, onProgress))
    onDeleted()
  }

  function change(set: (value: string) => void, value: string): void {
    set(value)
    // A preview is about the limits it was made for.
    preview.reset()
  }

  const error = wrong ?? preview.error
  return (
    <>
      <form className="limits" onSubmit={show} noValidate>
        <Limit
          id={`${id}-days`}
          label="Ended more than this many days ago"
          testId="max-age"
          value={days}
          onChange={(value) => change(setDays, value)}
        />
        <Limit
          id={`${id}-runs`}
          label="Beyond this many newest runs"
          testId="max-runs"
          value={runs}
          onChange={(value) => change(setRuns, value)}
        />
        <button
          type="submit"
          className="button"
          data-testid="preview-button"
          disabled={phase !== 'ready' || preview.running || pruning.running}
        >
          {preview.running ? 'Looking…' : 'Show what would be deleted'}
        </button>
      </form>
      {error !== null && (
        <p className="note note-bad" role="alert">
          {error}
        </p>
      )}
      {pruning.running && <ProgressBar label="Deleting" progress={pruning.progress} />}
      <div role="status">
        {preview.result !== null && (
          <Preview preview={preview.result} onDelete={() => void prune(preview.result as RetentionPreview)} />
        )}
        {pruning.result !== null && <Result result={pruning.result} />}
      </div>
      {pruning.error !== null && (
        <p className="note note-bad" role="alert">
          Not all was deleted: {pruning.error}
        </p>
      )}
    </>
  )
}

interface LimitProps {
  id: string
  label: string
  testId: string
  value: string
  onChange: (value: string) => void
}

function Limit({ id, label, testId, value, onChange }: LimitProps) {
  return (
    <div className="limit">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="number"
        inputMode="numeric"
        autoComplete="off"
        placeholder="no limit"
        data-testid={testId}
        value={value}
        onChange={({ target }) => onChange(target.value)}
      />
    </div>
  )
}

function Preview({ preview, onDelete }: { preview: RetentionPreview; onDelete: () => void }) {
  const { trees, kept, sizes } = preview
  const stays = staysWords(kept)
  if (trees.length === 0) {
    return (
      <p className="storage-outcome" data-testid="preview-empty">
        Nothing would be deleted. {stays}
      </p>
    )
  }
  const events = trees.reduce((sum, tree) => sum + tree.events, 0)
  const size = [...sizes.values()].reduce((sum, each) => sum + each, 0)
  return (
    <div className="storage-outcome" data-testid="preview">
      <p>
        <strong>{count(trees.length, 'run')}</strong> with {count(events, 'event')} would be deleted,{' '}
        {sizes.size < trees.length && 'more than '}
        {formatBytes(size)} of text. {stays}
      </p>
      <ul className="tree-list">
        {trees.slice(0, SHOWN).map((tree) => (
          <TreeRow key={tree.root} tree={tree} size={sizes.get(tree.root)} />
        ))}
      </ul>
      {trees.length > SHOWN && <p className="note">And {count(trees.length - SHOWN, 'newer one')}.</p>}
      <div className="storage-actions">
        <button type="button" className="button button-danger" data-testid="prune-button" onClick={onDelete}>
          Delete {count(trees.length, 'run')} for good
        </button>
        <span className="note">
          A run goes with all runs it started. Export first what you may want back.
        </span>
      </div>
    </div>
  )
}

function TreeRow({ tree, size }: { tree: PlannedTree; size: number | undefined }) {
  const store = useStore<AppState>()
  const workflow = isRunLog(tree.root) ? null : selectWorkflow(store.getState(), idOfLog(tree.root))
  const title = (workflow === null ? null : questionIn(workflow.workflow.input)) ?? tree.title
  return (
    <li className="tree" data-testid="planned-tree">
      <bdi className="tree-title" title={title}>
        {title}
      </bdi>
      <span className="note">
        ended {formatStarted(tree.endedAt)} · {count(tree.events, 'event')}
        {size !== undefined && ` · ${formatBytes(size)}`}
      </span>
    </li>
  )
}

function Result({ result }: { result: PruneResult }) {
  const { trees, events, refused } = result
  return (
    <div className="storage-outcome" data-testid="prune-result">
      <p>
        <strong>{trees === 0 ? 'Nothing was deleted.' : `${count(trees, 'run')} deleted`}</strong>
        {trees > 0 && `, ${count(events, 'event')} with them.`}
      </p>
      {refused.length > 0 && (
        <ul className="note-list">
          {refused.map(({ root, title, reason }) => (
            <li key={root}>
              <bdi>{title}</bdi> stays. {reason}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function staysWords(kept: RetentionPreview['kept']): string {
  const reasons = [
    kept['within-limits'] > 0 && `${kept['within-limits']} within the limits`,
    kept.unsettled > 0 && `${kept.unsettled} not ended`,
    kept.waiting > 0 && `${kept.waiting} waiting for you`,
    kept.pinned > 0 && `${kept.pinned} pinned`,
  ].filter((reason) => reason !== false)
  const total = Object.values(kept).reduce((sum, each) => sum + each, 0)
  return total === 0 ? '' : `${count(total, 'run')} would stay: ${reasons.join(', ')}.`
}
