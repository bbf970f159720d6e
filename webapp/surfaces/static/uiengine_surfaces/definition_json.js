// A surface's definition as a tree of JSON: its text, places in it, and edits that keep its parts
// in step with one another. Keys keep their order, and what is not named stays as it is.
const LONGEST = 120 // characters of an object on one line

export const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value)
const isFlat = value => typeof value !== 'object' || value === null ||
  (Array.isArray(value) && !value.some(part => typeof part === 'object' && part !== null))

// JSON with innermost objects and lists on one line, as the server shows it.
export function written(value, indent = '') {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const inner = `${indent}  `
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const parts = Array.isArray(value)
    ? value.map(part => written(part, inner))
    : Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}: ${written(part, inner)}`)
  const line = parts.join(', ')
  const fits = Array.isArray(value) || line.length <= LONGEST
  if (!parts.length || (fits && Object.values(value).every(Array.isArray(value) ? isScalar : isFlat))) {
    return open + line + close
  }
  return `${open}\n${parts.map(part => inner + part).join(',\n')}\n${indent}${close}`
}

const isScalar = value => typeof value !== 'object' || value === null

// A path as the server's messages name it, such as blocks[3].sizes.*.default[0].
export const named = path => path.reduce(
  (name, step) => typeof step === 'number' ? `${name}[${step}]` : name ? `${name}.${step}` : step, '')

export const at = (tree, path) => path.reduce((value, step) => value?.[step], tree)

// Writes a value; undefined takes its key out. Objects and lists on the way are made.
export function put(tree, path, value) {
  let parent = tree
  path.slice(0, -1).forEach((step, i) => {
    if (typeof parent[step] !== 'object' || parent[step] === null) {
      parent[step] = typeof path[i + 1] === 'number' ? [] : {}
    }
    parent = parent[step]
  })
  const last = path.at(-1)
  if (value === undefined) delete parent[last]
  else parent[last] = value
}

// One number of a pair. Sizes without numbers are taken out, and limits without sizes.
export function putInPair(tree, path, i, value) {
  const pair = [0, 1].map(k => at(tree, path)?.[k] ?? null)
  pair[i] = value ?? null
  if (path.includes('pinned') || pair.some(part => part !== null)) return put(tree, path, pair)
  for (let end = path.length; end > path.length - 2; end--) {
    put(tree, path.slice(0, end), undefined)
    if (Object.keys(at(tree, path.slice(0, end - 1)) ?? {}).length) return
  }
}

function renameKey(object, old, name) {
  if (!isObject(object) || !(old in object)) return
  const entries = Object.entries(object)
  for (const key of Object.keys(object)) delete object[key]
  for (const [key, value] of entries) object[key === old ? name : key] = value
}

export const rows = (tree, list) => Array.isArray(tree[list]) ? tree[list] : []
export const rowName = (row, list) => list === 'groups' ? row : row?.[list === 'blocks' ? 'id' : 'name']
const blocks = tree => rows(tree, 'blocks').filter(isObject)

// Whether a row may have a name. Two of one name are one to the blocks, for good: so no other has it.
export const isFree = (tree, list, i, name) => name.trim() !== '' &&
  rows(tree, list).every((row, k) => k === i || rowName(row, list) !== name)

// Renames a breakpoint or a group everywhere; a name that others have too is theirs as well.
export function rename(tree, list, i, name) {
  const old = rowName(rows(tree, list)[i], list)
  const isShared = rows(tree, list).filter(row => rowName(row, list) === old).length > 1
  if (list === 'groups') tree.groups[i] = name
  else tree.breakpoints[i].name = name
  if (isShared || !old) return
  for (const block of blocks(tree)) {
    if (list === 'groups' && block.group === old) block.group = name
    if (list === 'breakpoints') [block.sizes, block.pinned].forEach(part => renameKey(part, old, name))
  }
}

export function remove(tree, list, i) {
  const [gone] = tree[list].splice(i, 1)
  const name = rowName(gone, list)
  if (rows(tree, list).some(row => rowName(row, list) === name)) return
  for (const block of blocks(tree)) {
    if (list === 'groups' && block.group === name) delete block.group
    if (list === 'breakpoints') [block.sizes, block.pinned].forEach(part => { if (isObject(part)) delete part[name] })
  }
}

export function move(tree, list, i, to) {
  tree[list].splice(to, 0, ...tree[list].splice(i, 1))
}

// A width that no breakpoint has yet, wider than all, as two of one width are refused.
const WIDER = 320
const WIDEST = 10000
function beyond(tree) {
  const widths = rows(tree, 'breakpoints').map(row => row?.min_width).filter(Number.isInteger)
  let width = widths.length ? Math.min(Math.max(...widths) + WIDER, WIDEST) : 0
  while (widths.includes(width)) width--
  return width
}

const NEW = {
  breakpoints: (name, tree) => ({ name, min_width: beyond(tree), columns: 12 }),
  groups: name => name,
  blocks: name => ({ id: name })
}

export function add(tree, list) {
  if (!Array.isArray(tree[list])) tree[list] = []
  const taken = new Set(tree[list].map(row => rowName(row, list)))
  let number = tree[list].length + 1
  while (taken.has(`${list.slice(0, -1)}-${number}`)) number++
  tree[list].push(NEW[list](`${list.slice(0, -1)}-${number}`, tree))
}
