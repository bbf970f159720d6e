"""The team's own goals: declared before a trial, compared by it, and planned for."""
