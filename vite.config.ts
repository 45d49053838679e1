// Builds and serves the app (default), builds the library (`--mode lib`), and lists the test projects.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { playwright } from '@vitest/browser-playwright'
import { type UserConfig } from 'vite'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { chromiumArgs, findChromium } from './scripts/chromium.mjs'

const repo = import.meta.dirname
const inRepo = (path: string) => join(repo, path)

/** Public name → source. tsconfig.json holds the same names. */
const entries = {
  index: 'src/index.ts',
  'react/index': 'src/react/index.ts',
  'orchestrator/index': 'src/orchestrator/index.ts',
  'testing/index': 'src/testing/index.ts',
  'sources/openHuman/index': 'src/sources/openHuman/index.ts',
  'sources/harn/index': 'src/sources/harn/index.ts',
  'sources/agentd/index': 'src/sources/agentd/index.ts',
  'testing/doubles/index': 'src/testing/doubles/index.ts',
}

const shared = {
  plugins: [react()],
  resolve: {
    // Exact matches, so that `run-ledger` does not swallow `run-ledger/react`.
    alias: Object.entries(entries).map(([name, file]) => ({
      find: new RegExp(`^${join('run-ledger', name).replace(/\/index$/, '')}$`),
      replacement: inRepo(file),
    })),
  },
  worker: { format: 'es' },
} satisfies UserConfig

export default defineConfig(({ mode }) => {
  if (mode === 'lib') return library()
  if (mode === 'test') return tests()
  return app()
})

function app(): UserConfig {
  return {
    ...shared,
    root: inRepo('app'),
    // The app reads ../src, outside its root.
    server: { host: '127.0.0.1', port: 5173, fs: { allow: [repo] } },
    preview: { host: '127.0.0.1', port: 4173 },
    build: {
      outDir: inRepo('dist-app'),
      emptyOutDir: true,
      // Libraries change rarely: a file of their own stays in the browser's cache.
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'vendor', test: /node_modules/ }] } } },
    },
  }
}

function library(): UserConfig {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(inRepo('package.json'), 'utf8'))
  const external = Object.keys({ ...dependencies, ...peerDependencies })
  return {
    ...shared,
    // Relative, so that a worker next to the entry is found wherever the package is installed.
    base: './',
    publicDir: false,
    build: {
      outDir: inRepo('dist'),
      emptyOutDir: true,
      minify: false,
      sourcemap: true,
      target: 'es2023',
      lib: {
        entry: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, inRepo(file)])),
        formats: ['es'],
      },
      rolldownOptions: {
        external: (id) =>
          id.startsWith('node:') || external.some((name) => id === name || id.startsWith(`${name}/`)),
        output: { chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  }
}

/**
 * Groups run one after the other, the files of a group side by side: two cores are best filled by two
 * light workers, and a browser wants the machine to itself.
 */
function tests() {
  const chromium = findChromium()

  const node = {
    ...shared,
    test: {
      name: 'node',
      environment: 'node',
      include: ['test/**/*.test.{ts,tsx}'],
      exclude: ['test/{react,browser,e2e}/**'],
      // Before anything else is imported: localForage looks for IndexedDB once, when it is loaded.
      setupFiles: ['fake-indexeddb/auto'],
      // Nothing is timed; two busy cores are no failure.
      testTimeout: 30_000,
      pool: 'threads',
      sequence: { groupOrder: 0 },
    },
  } satisfies TestProjectInlineConfiguration

  const jsdom = {
    ...shared,
    test: {
      name: 'jsdom',
      environment: 'jsdom',
      include: ['test/react/**/*.test.{ts,tsx}'],
      setupFiles: ['test/setup/jsdom.ts'],
      pool: 'threads',
      sequence: { groupOrder: 0 },
    },
  } satisfies TestProjectInlineConfiguration

  const browser = {
    ...shared,
    optimizeDeps: { include: browserDependencies() },
    test: {
      name: 'browser',
      include: ['test/browser/**/*.test.{ts,tsx}'],
      sequence: { groupOrder: 1 },
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        api: { host: '127.0.0.1' },
        provider: playwright({
          launchOptions: { ...(chromium && { executablePath: chromium }), args: chromiumArgs },
        }),
        instances: [{ browser: 'chromium' }],
      },
    },
  } satisfies TestProjectInlineConfiguration

  const e2e = {
    ...shared,
    test: {
      name: 'e2e',
      environment: 'node',
      include: ['test/e2e/**/*.test.ts'],
      globalSetup: ['test/setup/app.ts'],
      testTimeout: 60_000,
      hookTimeout: 60_000,
      maxWorkers: 1,
      sequence: { groupOrder: 2 },
    },
  } satisfies TestProjectInlineConfiguration

  return { test: { maxWorkers: 2, projects: [node, jsdom, browser, e2e] } }
}

/**
 * Everything a browser test may import, bundled before the first test starts. A dependency that Vite
 * meets later makes it reload the page in the middle of a run, which fails tests on a fresh checkout.
 */
function browserDependencies() {
  return [
    '@reduxjs/toolkit',
    '@reduxjs/toolkit/query',
    '@reduxjs/toolkit/query/react',
    '@reduxjs/toolkit/react',
    '@tanstack/react-virtual',
    '@testing-library/dom',
    '@testing-library/react',
    '@testing-library/user-event',
    'crc-32',
    'fast-check',
    'idb',
    'localforage',
    'minisearch',
    'react',
    'react-dom',
    'react-dom/client',
    'react-redux',
    'react/jsx-dev-runtime',
    'react/jsx-runtime',
    'redux-persist',
    'redux-persist/integration/react',
    'wouter',
    'zod',
  ]
}
