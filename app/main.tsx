/** Owns the start: store, providers, router, and the first render. */
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Provider } from 'react-redux'
import { RunLedgerProvider } from 'run-ledger/react'
import { App } from './App.tsx'
import { runs, start, store } from './store.ts'
import './styles/index.css'

start()

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root.')
createRoot(root).render(
  <StrictMode>
    <Provider store={store}>
      <RunLedgerProvider ledger={runs}>
        <App />
      </RunLedgerProvider>
    </Provider>
  </StrictMode>,
)
