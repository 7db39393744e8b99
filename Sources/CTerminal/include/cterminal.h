// What Swift cannot say of ncurses: macros, variadics, unsafe globals; and signal handlers, which must be C.
//
// There is one terminal in a process, so there is one state here. All functions are for the main thread, but
// those named `wake`.
#ifndef CTERMINAL_H
#define CTERMINAL_H

#include <stdint.h>

enum {
    CTERMINAL_OK = 0,
    // ncurses knows no such terminal, or it cannot address its cursor.
    CTERMINAL_UNUSABLE = -1,
    CTERMINAL_NOT_A_TERMINAL = -2,
    CTERMINAL_SYSTEM_ERROR = -3,
};

// Attributes of text, to be joined by `|`.
enum {
    CTERMINAL_BOLD = 1,
    CTERMINAL_DIM = 2,
    CTERMINAL_REVERSE = 4,
    CTERMINAL_UNDERLINE = 8,
};

// What came from the keyboard besides characters.
enum {
    CTERMINAL_KEY_UP = 1,
    CTERMINAL_KEY_DOWN,
    CTERMINAL_KEY_LEFT,
    CTERMINAL_KEY_RIGHT,
    CTERMINAL_KEY_HOME,
    CTERMINAL_KEY_END,
    CTERMINAL_KEY_PAGE_UP,
    CTERMINAL_KEY_PAGE_DOWN,
    CTERMINAL_KEY_BACKSPACE,
    CTERMINAL_KEY_DELETE,
    CTERMINAL_KEY_BACK_TAB,
    CTERMINAL_KEY_ENTER,
    CTERMINAL_KEY_PASTE_BEGIN,
    CTERMINAL_KEY_PASTE_END,
    CTERMINAL_KEY_OTHER,
    // Plus the number of the key, 1 to 24.
    CTERMINAL_KEY_FUNCTION = 100,
};

// Takes the terminal: alternate screen, raw keys, bracketed paste, handlers of signals that restore it.
int cterminal_open(int escape_delay_milliseconds);
// Gives it back as it was found. Does nothing when it was given back already.
void cterminal_close(void);
// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again once continued.
void cterminal_suspend(void);
// Adopts the terminal's present size.
void cterminal_adopt_size(void);
int cterminal_rows(void);
int cterminal_columns(void);
// Whether the locale's characters are UTF-8.
int cterminal_is_utf8(void);
// Colours that there are; 0 for none.
int cterminal_start_colors(void);
// Colour -1 is the terminal's own.
void cterminal_define_pair(int pair, int foreground, int background);

// Writes plain ASCII.
void cterminal_put_ascii(int row, int column, const char *text, int length, int attributes, int pair);
// Writes one character that takes so many columns; where the C library measures it differently, `?` instead.
void cterminal_put_cell(
    int row, int column, const char *utf8, int length, int columns, int attributes, int pair);
// Columns of a character as ncurses will count them: 0 to 2, or -1 for one that the C library does not know.
int cterminal_measure(uint32_t character);
void cterminal_place_cursor(int row, int column);
void cterminal_hide_cursor(void);
// Sends to the terminal what changed.
void cterminal_flush(void);
// Forgets what the terminal shows, so that the next flush sends everything.
void cterminal_forget(void);

// The next key: 0 for none, 1 for a character, 2 for one of the keys above; its value in `value`.
int cterminal_read_key(uint32_t *value);

// The end of a pipe from which the numbers of signals can be read, one byte each.
int cterminal_signal_descriptor(void);
// Says that a signal to end was taken notice of; until then a second one ends the program at once.
void cterminal_acknowledge_signal(void);

// A descriptor that becomes readable when it is woken; -1 on failure. From any thread.
int cterminal_wake_create(void);
void cterminal_wake(int descriptor);
void cterminal_wake_drain(int descriptor);

#endif
