// Controls of the form: each knows its place in the definition, shows what is there, and writes.
import { at, isObject, named, put, putInPair, rows } from './definition_json.js'

let ids = 0

export const part = (editor, name) =>
  editor.querySelector(`template[data-part="${name}"]`).content.firstElementChild.cloneNode(true)

// Ties the controls of a part to their places below `base`, and their labels and help to them.
export function tie(element, base, tree) {
  for (const control of element.querySelectorAll('[data-key]')) {
    control.at = control.dataset.key ? [...base, control.dataset.key] : base
    control.dataset.path = named(control.at)
    label(control)
    show(control, tree)
  }
}

function label(control) {
  const field = control.closest('.edit-field')
  const help = field.querySelector('.help')
  control.id = `edit-${++ids}`
  if (!control.closest('label')) field.querySelector('label').htmlFor = control.id
  if (!help) return
  help.id = `${control.id}-help`
  control.setAttribute('aria-describedby', help.id)
}

function show(control, tree) {
  const value = at(tree, control.at)
  if (control.type === 'checkbox') control.checked = value === true
  else if (control.tagName === 'SELECT') {
    choices(control, control.dataset.key === 'group' ? rows(tree, 'groups') : [], value ?? control.dataset.default ?? '')
  }
  else control.value = ['string', 'number'].includes(typeof value) ? value : ''
}

function choices(select, groups, chosen) {
  const names = new Set([...groups, chosen].filter(name => name && typeof name === 'string'))
  for (const option of select.options) names.delete(option.value)
  select.append(...[...names].map(name => new Option(name, name)))
  select.value = chosen
}

const numberIn = control => control.value === '' ? undefined : Number(control.value)

// Writes what a control shows. An empty field is taken out, so that its default holds.
export function write(control, tree) {
  if (control.pair) return putInPair(tree, control.at.slice(0, -1), control.at.at(-1), numberIn(control))
  const isKept = ['id', 'name'].includes(control.dataset.key)
  if (control.type === 'checkbox') {
    put(tree, control.at, control.checked || (at(tree, control.at) === undefined ? undefined : false))
  } else {
    const value = control.type === 'number' ? numberIn(control) : control.value
    put(tree, control.at, value === '' && !isKept ? undefined : value)
  }
}

const breakpointNames = tree => [...new Set(rows(tree, 'breakpoints').map(row => row?.name))]
  .filter(name => name && typeof name === 'string')

// The fields of a block, with rows for its sizes and its cells at every breakpoint.
export function blockFields(editor, tree, i) {
  const element = part(editor, 'block')
  tie(element, ['blocks', i], tree)
  const sizes = element.querySelector('[data-rows="sizes"]')
  sizes.dataset.path = named(['blocks', i, 'sizes'])
  const names = ['*', ...breakpointNames(tree)]
  sizes.append(...names.map(name => pairs(part(editor, 'sizes'), ['blocks', i, 'sizes', name], tree)))
  pinnedFields(editor, element, tree, i)
  return element
}

function pinnedFields(editor, element, tree, i) {
  const path = ['blocks', i, 'pinned']
  const cells = element.querySelector('[data-rows="pinned"]')
  const pinned = at(tree, path)
  const isPinned = isObject(pinned) && Object.keys(pinned).length > 0
  const box = element.querySelector('[data-pinned]')
  box.at = path
  box.checked = isPinned
  cells.dataset.path = named(path)
  label(box)
  if (!isPinned) return
  cells.append(...breakpointNames(tree).map(name => pairs(part(editor, 'pinned'), [...path, name], tree)))
}

// Pins a block to the top left at every breakpoint, or frees it.
export function pin(box, tree) {
  put(tree, box.at, box.checked ? Object.fromEntries(breakpointNames(tree).map(name => [name, [0, 0]])) : undefined)
}

function pairs(row, path, tree) {
  const name = path.at(-1)
  const shown = name === '*' ? row.dataset.all : name
  row.dataset.path = named(path)
  row.setAttribute('aria-label', shown)
  row.querySelector('.edit-at').textContent = shown
  for (const pair of row.querySelectorAll('.edit-pair')) {
    const own = pair.dataset.pair ? [...path, pair.dataset.pair] : path
    pair.dataset.path = named(own)
    pair.querySelectorAll('input').forEach((control, i) => {
      control.at = [...own, i]
      control.pair = true
      control.dataset.path = named(control.at)
      control.setAttribute('aria-label', control.getAttribute('aria-label').replace('{at}', shown))
      show(control, tree)
    })
  }
  return row
}
