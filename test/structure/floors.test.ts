/**
 * The floors: imports only point down, rooms on one floor do not see each other, and the platform's globals
 * are touched only by the files that own them. Reads the sources as text; nothing is run.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, test } from 'vitest'

const repo = join(import.meta.dirname, '../..')

/** For each room, the rooms it may import. Everything may import its own room. */
const BELOW: Record<string, readonly string[]> = {
  'src/core': [],
  // Ports of the core, implemented on the platform.
  'src/platform': ['src/core'],
  'src/ledger': ['src/core'],
  'src/sources': ['src/core', 'src/platform'],
  'src/orchestrator': ['src/core', 'src/platform'],
  'src/state': ['src/core', 'src/platform', 'src/ledger'],
  'src/react': ['src/core', 'src/state'],
  // Helpers for tests, ours and others'; nothing imports them.
  'src/testing': ['src/core', 'src/ledger'],
  // What a double knows of a protocol is its own.
  'src/testing/doubles': [],
  'src/index.ts': ['src/core', 'src/platform', 'src/ledger', 'src/state'],
  app: ['run-ledger', 'run-ledger/react', 'run-ledger/orchestrator', 'run-ledger/sources/openHuman'],
}

/** Packages a room may use; node's own are for tests and scripts. */
const PACKAGES: Record<string, readonly string[]> = {
  'src/core': ['zod', '@noble/hashes', 'canonicalize'],
  'src/platform': [],
  'src/ledger': ['idb', 'localforage', 'crc-32'],
  'src/sources': ['zod'],
  'src/orchestrator': ['zod'],
  'src/state': ['@reduxjs/toolkit', 'redux-persist', 'localforage'],
  'src/react': ['react', 'react-redux'],
  'src/testing': ['fast-check', 'vitest'],
  'src/testing/doubles': ['socket.io', 'ws', 'node:http', 'node:net', 'node:events', 'node:crypto'],
  'src/index.ts': [],
  app: [
    '@reduxjs/toolkit',
    'react',
    'react-dom',
    'react-redux',
    'wouter',
    'minisearch',
    'zod',
    '@tanstack/react-virtual',
    'socket.io-client',
  ],
}

/** Globals with an effect, and the only files that may name them. */
const OWNERS: readonly { name: string; pattern: RegExp; files: readonly string[] }[] = [
  {
    name: 'the clock',
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    files: ['src/platform/browser.ts', 'app/lib/now.ts', 'src/testing/doubles/time.ts'],
  },
  {
    name: 'timers',
    pattern:
      /(?<![.\w])(?:setTimeout|setInterval|requestAnimationFrame|requestIdleCallback|queueMicrotask)\(/,
    files: [
      'src/platform/browser.ts',
      'src/platform/page.ts',
      'src/platform/idle.ts',
      'src/orchestrator/emitter.ts',
      'app/lib/now.ts',
      // Wait for something a person is about to see.
      'app/components/AgentRow.tsx',
      'app/lib/startResearch.ts',
      'app/lib/startAtCore.ts',
      // Declare and implement the clock's own method of that name.
      'src/core/ports.ts',
      'src/testing/manualClock.ts',
      'src/testing/doubles/time.ts',
    ],
  },
  {
    name: 'randomness',
    pattern: /\bMath\.random\(|(?<!\.)\bcrypto\.|\bnanoid\(/,
    files: ['src/platform/browser.ts'],
  },
  {
    name: 'IndexedDB',
    pattern: /(?<!typeof )\bindexedDB\b|\bIDBKeyRange\b|\bopenDB\b|\bdeleteDB\b/,
    files: [
      'src/ledger/connection.ts',
      'src/ledger/bundles.ts',
      'src/ledger/tallies.ts',
      'src/ledger/projection.ts',
      'src/ledger/migrations.ts',
      'src/ledger/lists.ts',
      'src/ledger/indexedDb.ts',
      'src/ledger/segments.ts',
      'src/ledger/deletion.ts',
      'src/ledger/integrity.ts',
      'src/ledger/quarantine.ts',
    ],
  },
  {
    name: 'navigator',
    pattern: /\bnavigator\b/,
    files: [
      'src/platform/browser.ts',
      'src/platform/device.ts',
      'src/ledger/journal/opfsDirectory.ts',
      'app/components/Report.tsx',
    ],
  },
  {
    name: 'the document',
    pattern: /(?<![.\w'])(?:document|window)\.|\btypeof (?:document|window)\b/,
    files: ['src/platform/page.ts'],
  },
  {
    name: 'web storage',
    pattern: /\blocalStorage\b|\bsessionStorage\b/, // The theme of the first paint, before anything can be read.
    files: ['app/lib/theme.ts', 'src/platform/syncStore.ts'],
  },
]

interface SourceFile {
  path: string
  code: string
  imports: readonly string[]
}

/** Static imports and re-exports, and dynamic ones. */
const IMPORTS =
  /^(?:import|export)\b[^'"`;=]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm

const files = ['src', 'app'].flatMap((root) =>
  readdirSync(join(repo, root), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path): SourceFile => {
      const text = readFileSync(join(repo, root, path), 'utf8')
      const imports = [...text.matchAll(IMPORTS)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
      return { path: posix.join(root, path), code: withoutComments(text), imports }
    }),
)

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '')
}

function roomOf(path: string): string {
  if (path.startsWith('src/testing/doubles')) return 'src/testing/doubles'
  const [top, room = ''] = path.split('/')
  return top === 'app' ? 'app' : `${top}/${room}`
}

function targetOf(file: SourceFile, specifier: string): string | null {
  return specifier.startsWith('.')
    ? posix.join(posix.dirname(file.path), specifier.replace(/\?\w+$/, ''))
    : null
}

/** An app lives in the document; everything else has an owner there as well. */
const isPage = (path: string, name: string): boolean => path.startsWith('app/') && name === 'the document'

describe('floors', () => {
  test('there are files to look at', () => {
    expect(files.length).toBeGreaterThan(50)
    expect(new Set(files.map(({ path }) => roomOf(path)))).toContain('src/core')
  })

  test('imports only point down', () => {
    const climbing = files.flatMap((file) =>
      file.imports.flatMap((specifier) => {
        const target = targetOf(file, specifier)
        const from = roomOf(file.path)
        if (target === null || roomOf(target) === from) return []
        return BELOW[from]?.includes(roomOf(target)) === true ? [] : [`${file.path} imports ${specifier}`]
      }),
    )
    expect(climbing).toEqual([])
  })

  test('rooms use only the packages they are meant to', () => {
    const foreign = files.flatMap((file) => {
      const room = roomOf(file.path)
      const allowed = [...(PACKAGES[room] ?? []), ...(BELOW[room] ?? [])]
      return file.imports
        .filter((specifier) => !specifier.startsWith('.'))
        .filter(
          (specifier) => !allowed.some((name) => specifier === name || specifier.startsWith(`${name}/`)),
        )
        .map((specifier) => `${file.path} imports ${specifier}`)
    })
    expect(foreign).toEqual([])
  })

  test('imports form no cycles between files', () => {
    const graph = new Map(
      files.map((file) => [file.path, file.imports.flatMap((specifier) => targetOf(file, specifier) ?? [])]),
    )
    const done = new Set<string>()
    const cycles: string[] = []
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
        return
      }
      if (done.has(path)) return
      for (const next of graph.get(path) ?? []) walk(next, [...trail, path])
      done.add(path)
    }
    for (const path of graph.keys()) walk(path, [])
    expect(cycles).toEqual([])
  })

  test.each(OWNERS)('$name: only the files that own it touch it', ({ name, pattern, files: owners }) => {
    const touching = files
      .filter(({ path, code }) => !isPage(path, name) && pattern.test(code))
      .map(({ path }) => path)
    expect(touching.filter((path) => !owners.includes(path))).toEqual([])
  })

  test('only core/status.ts makes a status out of a name', () => {
    const casting = files.filter(
      ({ path, code }) => path !== 'src/core/status.ts' && /\bas RunStatus\b/.test(code),
    )
    expect(casting.map(({ path }) => path)).toEqual([])
  })
})
