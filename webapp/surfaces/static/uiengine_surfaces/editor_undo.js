// What the definition was before each change, so that changes can be taken back one by one.
const MOST = 100 // changes that are kept

export class Past {
  constructor(button) {
    this.button = button
    this.kept = []
    this.last = null
    this.show()
  }

  // Keeps the tree as it is before a change. Typing goes on in one place, and is one change there.
  keep(tree, place = null) {
    if (place !== null && place === this.last) return
    this.last = place
    this.kept.push(JSON.stringify(tree))
    if (this.kept.length > MOST) this.kept.shift()
    this.show()
  }

  back() {
    this.last = null
    const tree = JSON.parse(this.kept.pop())
    this.show()
    return tree
  }

  show(isRead = true) {
    this.button.disabled = !isRead || !this.kept.length
  }
}
