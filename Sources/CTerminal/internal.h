// What the two halves of this target share: terminal.c speaks to ncurses, signals.c gives the terminal back.
#ifndef CTERMINAL_INTERNAL_H
#define CTERMINAL_INTERNAL_H

#include <signal.h>
#include <stddef.h>

#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
// Presses and the wheel, with coordinates in decimal, which have no bound (xterm's control sequences, "SGR").
#define MOUSE_ON "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"

// Remembers the terminal's settings as they are now, to be put back.
int remember_terminal(void);
// The bytes that put the terminal back: empties them, then adds a string of terminfo or one of ours.
void clear_restore(void);
void append_restore(const char *text);
// From here to `terminal_given_back` a signal restores the terminal.
void terminal_taken(void);
void terminal_given_back(void);
int terminal_is_taken(void);
// The settings as `remember_terminal` found them.
void put_settings_back(void);

int open_signal_pipe(void);
void install_handlers(void);
void remove_handlers(void);

// While the screen is ours, standard error is kept in memory.
void keep_errors(void);
void release_errors(void);

// Writes all of it, waiting where the terminal does not take it at once. Returns whether it took everything.
int write_all(const char *bytes, size_t length, int patience_milliseconds);

#endif
