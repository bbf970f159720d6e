// The form beside a surface's JSON. The JSON in the text area is what is saved: an edit in the form
// is written there, and what is typed there is read into the form.
import { add, isFree, isObject, move, remove, rename, rowName, rows, written } from './definition_json.js'
import { blockFields, part, pin, tie, write } from './editor_fields.js'
import { note, showProblems } from './editor_problems.js'
import { Past } from './editor_undo.js'

const LISTS = ['breakpoints', 'groups', 'blocks']
const text = document.getElementById('id_definition')
const template = document.getElementById('surface-editor')
const opened = new Set() // ids of blocks whose fields are shown
let editor = null
let tree = {}
let past = null
let isOurs = false // whether the form itself wrote into the text area

// Puts the form first, and picture and JSON beside it.
function place() {
  const fieldset = text.closest('fieldset')
  const beside = document.createElement('div')
  beside.className = 'picture-and-json'
  editor = template.content.firstElementChild.cloneNode(true)
  beside.append(...['.field-preview', '.field-definition'].map(row => fieldset.querySelector(row)).filter(Boolean))
  fieldset.append(editor, beside)
  fieldset.classList.add('edits')
  past = new Past(editor.querySelector('.editor-undo'))
}

// Reads the text area. JSON that cannot be read leaves the form as it was, out of reach.
function read(isTyped) {
  let found = null
  try {
    found = JSON.parse(text.value.trim() || 'null') ?? {} // a new surface has none yet
  } catch { /* said below */ }
  const isRead = isObject(found)
  editor.querySelector('.edit-parts').inert = !isRead
  editor.querySelector('.editor-unreadable').textContent = isRead ? '' : editor.dataset.unreadable
  past.show(isRead)
  if (!isRead) return
  if (isTyped) past.keep(tree, 'JSON')
  tree = found
  draw()
}

function save() {
  text.value = written(tree)
  isOurs = true
  text.dispatchEvent(new Event('input', { bubbles: true }))
  isOurs = false
}

function draw() {
  for (const fields of editor.querySelectorAll('.edit-parts > [role] > [data-base]')) {
    tie(fields, fields.dataset.base ? [fields.dataset.base] : [], tree)
  }
  for (const list of LISTS) {
    const listed = rows(tree, list).map((row, i) => drawRow(list, row, i))
    editor.querySelector(`[data-list="${list}"] ol`).replaceChildren(...listed)
  }
}

function drawRow(list, row, i) {
  const element = part(editor, list)
  const name = nameOf(list, i)
  element.dataset.path = `${list}[${i}]`
  for (const button of element.querySelectorAll('[data-label]')) {
    button.setAttribute('aria-label', button.dataset.label.replace('{name}', () => name))
  }
  element.querySelector('[data-act="up"]').disabled = i === 0
  element.querySelector('[data-act="down"]').disabled = i === rows(tree, list).length - 1
  if (list !== 'blocks') tie(element, [list, i], tree)
  else {
    element.querySelector('.edit-toggle').textContent = name
    if (opened.has(row?.id)) unfold(element, i)
  }
  return element
}

function nameOf(list, i) {
  const row = rows(tree, list)[i]
  return String(row?.title || rowName(row, list) || editor.dataset.nameless)
}

function unfold(element, i) {
  const body = element.querySelector('.edit-body')
  if (!isObject(rows(tree, 'blocks')[i])) return
  if (!body.childElementCount) body.append(blockFields(editor, tree, i))
  body.hidden = false
  element.querySelector('.edit-toggle').setAttribute('aria-expanded', 'true')
  opened.add(tree.blocks[i].id)
}

function fold(element, i) {
  element.querySelector('.edit-body').hidden = true
  element.querySelector('.edit-toggle').setAttribute('aria-expanded', 'false')
  opened.delete(tree.blocks[i]?.id)
}

function say(what, name, i, count) {
  editor.querySelector('.editor-says').textContent = editor.dataset[what]
    .replace('{place}', i + 1).replace('{count}', count).replace('{name}', () => name)
}

// What a button does to a list, and where the focus goes.
function act(button) {
  const { list } = button.closest('[data-list]').dataset
  const element = button.closest('li')
  const i = element ? [...element.parentElement.children].indexOf(element) : rows(tree, list).length
  const { act: does } = button.dataset
  if (does === 'toggle') return element.querySelector('.edit-body').hidden ? unfold(element, i) : fold(element, i)
  const to = does === 'up' ? i - 1 : does === 'down' ? i + 1 : i
  const name = element && nameOf(list, i)
  past.keep(tree)
  if (does === 'add') add(tree, list)
  else if (does === 'remove') remove(tree, list, i)
  else move(tree, list, i, to)
  if (does === 'add' && list === 'blocks') opened.add(tree.blocks[i].id)
  draw()
  save()
  say({ add: 'added', remove: 'removed' }[does] ?? 'moved', name ?? nameOf(list, i), to, rows(tree, list).length)
  focus(list, Math.min(to, rows(tree, list).length - 1), does)
}

function undo() {
  tree = past.back()
  draw()
  save()
  editor.querySelector('.editor-says').textContent = editor.dataset.undone
  if (past.button.disabled) editor.querySelector('.editor-says').focus()
}

function focus(list, i, does) {
  const section = editor.querySelector(`[data-list="${list}"]`)
  const element = section.querySelectorAll('ol > li')[i]
  const wanted = does === 'add' ? element.querySelector('input') : element?.querySelector(`[data-act="${does}"]`)
  const button = wanted?.disabled ? element.querySelector('.edit-acts button:enabled') : wanted
  ;(button ?? section.querySelector('[data-act="add"]')).focus()
}

// Names are written once they are whole, since other parts of the page follow them.
const isName = control => control.at[0] === 'groups' || (control.at[0] === 'breakpoints' && control.at[2] === 'name')

function edited(control, isDone) {
  if (!control.at || isName(control) !== isDone) return
  if (isDone && !isFree(tree, control.at[0], control.at[1], control.value)) return keepName(control)
  past.keep(tree, control.dataset.path ?? control.at.join('.'))
  if (isDone) rename(tree, control.at[0], control.at[1], control.value)
  else if ('pinned' in control.dataset) pin(control, tree)
  else write(control, tree)
  const isRedrawn = isDone || 'pinned' in control.dataset
  if (isRedrawn) redraw(control)
  else follow(control)
  save()
}

function keepName(control) {
  const [list, i] = control.at
  control.value = rowName(rows(tree, list)[i], list) ?? ''
  const says = editor.dataset.kept.replace('{name}', () => control.value)
  note(control.closest('.edit-field'), says)
  editor.querySelector('.editor-says').textContent = says
}

// Draws all anew, with the focus where it was.
function redraw(control) {
  const { path } = control.dataset
  const selector = 'pinned' in control.dataset ? `[data-path="blocks[${control.at[1]}]"] [data-pinned]` : null
  const hadFocus = document.activeElement === control
  draw()
  if (hadFocus) editor.querySelector(selector ?? `input[data-path="${CSS.escape(path)}"]`)?.focus()
}

// The heading of a block says its title; an id that changes keeps the block open.
function follow(control) {
  const [list, i, key] = control.at
  if (list !== 'blocks' || !['id', 'title'].includes(key)) return
  const element = control.closest('li')
  element.querySelector('.edit-toggle').textContent = nameOf(list, i)
  opened.add(tree.blocks[i].id)
}

function problems() {
  showProblems(editor, document.querySelectorAll('#definition-check .problems [data-path]'), path => {
    const i = Number(/^blocks\[(\d+)\]/.exec(path)?.[1] ?? NaN)
    const element = editor.querySelectorAll('[data-list="blocks"] > ol > li')[i]
    if (element) unfold(element, i)
  })
}

// A browser that comes back to a page fills in what was typed, and not what it was typed into: the
// time at which the form was opened, by which saving sees what others have saved since.
const openedAt = text?.form.elements.opened

function resume() {
  if (text.value === text.defaultValue) return
  if (openedAt && history.state?.opened) openedAt.value = history.state.opened
  text.dispatchEvent(new Event('input', { bubbles: true }))
}

if (text && template) {
  place()
  read(false)
  problems()
  text.addEventListener('input', () => {
    history.replaceState({ ...history.state, opened: openedAt?.value }, '')
    if (!isOurs) read(true)
  })
  addEventListener('pageshow', resume)
  editor.addEventListener('input', event => edited(event.target, false))
  editor.addEventListener('change', event => edited(event.target, true))
  editor.addEventListener('click', event => {
    const button = event.target.closest('button[data-act]')
    if (button) act(button)
  })
  past.button.addEventListener('click', undo)
  document.getElementById('definition-check')?.addEventListener('checked', problems)
}
