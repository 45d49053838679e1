/** Owns the frame around every page: skip link, header, health banner, routes. */
import { useEffect, useRef } from 'react'
import type { ReactNode } from 'react'
import { Route, Switch, useLocation } from 'wouter'
import { AppHeader } from './components/AppHeader.tsx'
import { ConnectionBanner } from './components/ConnectionBanner.tsx'
import { DropTarget } from './components/DropTarget.tsx'
import { HealingNotice } from './components/HealingNotice.tsx'
import { HealthBanner } from './components/HealthBanner.tsx'
import { NotFound } from './components/NotFound.tsx'
import { idInPath } from './lib/links.ts'
import { useTheme } from './lib/theme.ts'
import { InboxPage } from './pages/InboxPage.tsx'
import { RunPage } from './pages/RunPage.tsx'
import { RunsPage } from './pages/RunsPage.tsx'
import { StoragePage } from './pages/StoragePage.tsx'
import { ThreadPage } from './pages/ThreadPage.tsx'
import { ThreadsPage } from './pages/ThreadsPage.tsx'
import { WorkflowPage } from './pages/WorkflowPage.tsx'
import { openHuman } from './store.ts'

export function App() {
  useTheme()
  const main = useFocusOnNavigation()
  return (
    <DropTarget>
      {(notice) => (
        <>
          <a className="skip-link" href="#main">
            Skip to the content
          </a>
          <AppHeader />
          <HealthBanner />
          {openHuman !== null && <ConnectionBanner />}
          <HealingNotice />
          {notice}
          <main id="main" ref={main} tabIndex={-1}>
            <Switch>
              <Route path="/">
                <RunsPage />
              </Route>
              <Route path="/workflows/:id">
                {byId((id) => (
                  <WorkflowPage key={id} id={id} />
                ))}
              </Route>
              <Route path="/runs/:id">
                {byId((id) => (
                  <RunPage key={id} id={id} />
                ))}
              </Route>
              <Route path="/threads">
                <ThreadsPage />
              </Route>
              <Route path="/threads/:id">
                {byId((id) => (
                  <ThreadPage key={id} id={id} />
                ))}
              </Route>
              <Route path="/inbox">
                <InboxPage />
              </Route>
              <Route path="/storage">
                <StoragePage />
              </Route>
              <Route>
                <NotFound title="There is no such page">The address may be misspelled.</NotFound>
              </Route>
            </Switch>
          </main>
        </>
      )}
    </DropTarget>
  )
}

/** A page about one thing. Its id is read from the address itself: many ids hold a colon. */
const byId =
  (page: (id: string) => ReactNode) =>
  ({ id }: { id: string }): ReactNode =>
    page(idInPath(location.pathname) ?? id)

/** A new page starts at its top, for the eye and for the keyboard. */
function useFocusOnNavigation() {
  const [location] = useLocation()
  const main = useRef<HTMLElement>(null)
  const shown = useRef(location)
  useEffect(() => {
    if (shown.current === location) return
    shown.current = location
    main.current?.focus({ preventScroll: true })
    scrollTo(0, 0)
  }, [location])
  return main
}
