/** Owns the head of the app: where one can go, what needs a person, and how the ledger is. */
import type { ReactNode } from 'react'
import { usePendingQuestions } from 'run-ledger/react'
import { Link, useLocation } from 'wouter'
import { inboxHref, runsHref, storageHref, threadsHref } from '../lib/links.ts'
import { needYou } from '../lib/needYou.ts'
import { LedgerStatus } from './LedgerStatus.tsx'
import { ThemeSwitch } from './ThemeSwitch.tsx'

export function AppHeader() {
  const [location] = useLocation()
  const elsewhere = [threadsHref, inboxHref, storageHref].find((href) => location.startsWith(href))
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
          <NavLink href={runsHref} current={elsewhere === undefined}>
            Runs
          </NavLink>
          <NavLink href={threadsHref} current={elsewhere === threadsHref}>
            Threads
          </NavLink>
          <NavLink href={inboxHref} current={elsewhere === inboxHref}>
            Inbox
            <NeedsYou />
          </NavLink>
        </nav>
        <div className="app-header-tools">
          <ThemeSwitch />
          <LedgerStatus />
        </div>
      </div>
    </header>
  )
}

function NavLink({ href, current, children }: { href: string; current: boolean; children: ReactNode }) {
  return (
    <Link href={href} {...(current && { 'aria-current': 'page' as const })}>
      {children}
    </Link>
  )
}

/** How many questions wait in the inbox. */
function NeedsYou() {
  const waiting = needYou(usePendingQuestions().length)
  return (
    <span className="needs-you" aria-live="polite" data-testid="needs-you">
      {waiting !== null && (
        <span className="needs-you-count">
          {waiting.count}
          <span className="visually-hidden"> {waiting.words}</span>
        </span>
      )}
    </span>
  )
}
