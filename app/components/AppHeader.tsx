/** Owns the head of the app: where one can go, what needs a person, and how the ledger is. */
import { usePendingQuestions } from 'run-ledger/react'
import { Link, useLocation } from 'wouter'
import { runsHref, storageHref, threadsHref, workflowHref, runHref } from '../lib/links.ts'
import { needYou } from '../lib/needYou.ts'
import { LedgerStatus } from './LedgerStatus.tsx'
import { ThemeSwitch } from './ThemeSwitch.tsx'

export function AppHeader() {
  const [location] = useLocation()
  const isThreads = location.startsWith(threadsHref)
  const isStorage = location.startsWith(storageHref)
  return (
    <header className="app-header">
      <div className="app-header-inner">
        <Link className="brand" href={runsHref}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M3 4h10M3 8h10M3 12h5" />
            <circle cx="12.4" cy="12" r="1.5" />
          </svg>
          Run Ledger
        </Link>
        <nav className="app-nav" aria-label="Pages">
          <NavLink href={runsHref} current={!isThreads && !isStorage}>
            Runs
          </NavLink>
          <NavLink href={threadsHref} current={isThreads}>
            Threads
          </NavLink>
        </nav>
        <div className="app-header-tools">
          <NeedsYou />
          <ThemeSwitch />
          <LedgerStatus />
        </div>
      </div>
    </header>
  )
}

function NavLink({ href, current, children }: { href: string; current: boolean; children: string }) {
  return (
    <Link href={href} {...(current && { 'aria-current': 'page' as const })}>
      {children}
    </Link>
  )
}

/** Leads to the oldest question: it has waited longest. */
function NeedsYou() {
  const pending = usePendingQuestions()
  const waiting = needYou(pending.length)
  const [first] = pending
  return (
    <span className="needs-you" aria-live="polite" data-testid="needs-you">
      {first !== undefined && waiting !== null && (
        <Link href={first.workflowRunId === null ? runHref(first.runId) : workflowHref(first.workflowRunId)}>
          {waiting.count}
          <span className="needs-you-words"> {waiting.words}</span>
        </Link>
      )}
    </span>
  )
}
