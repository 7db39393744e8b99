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

// The most rows and columns that are used of a terminal.
enum { CTERMINAL_MOST_CELLS = 1000 };

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
    // A report of the mouse follows: numbers between semicolons, and M for a press or m for a release.
    CTERMINAL_KEY_MOUSE,
    // The same as three characters, each 32 more than the number.
    CTERMINAL_KEY_MOUSE_OLD,
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
// Takes the terminal again after the process was stopped without having been able to give it back.
void cterminal_continued(void);
// Asks the terminal to report presses and the wheel, or not to. Off at first.
void cterminal_set_mouse(int is_on);
// Adopts the terminal's present size.
void cterminal_adopt_size(void);
int cterminal_rows(void);
int cterminal_columns(void);
// Whether the locale's characters are UTF-8.
int cterminal_is_utf8(void);
// Colours that there are and that can be named by number: 0 for none, 8 to 256.
int cterminal_start_colors(void);
// The attributes that the terminal does not show together with a colour.
int cterminal_color_conflicts(void);
// Colour -1 is the terminal's own.
void cterminal_define_pair(int pair, int foreground, int background);
// What is shown where nothing was written.
void cterminal_set_background(int attributes, int pair);

// Writes plain ASCII.
void cterminal_put_ascii(int row, int column, const char *text, int length, int attributes, int pair);
// Writes one character with its marks, which takes so many columns. Returns 0, with nothing written, where
// the C library measures it differently or the locale does not have it.
int cterminal_put_cell(
    int row, int column, const uint32_t *scalars, int count, int columns, int attributes, int pair);
// Columns of a character as ncurses will count them: 0 to 2, or -1 for one that the C library does not know.
int cterminal_measure(uint32_t character);
void cterminal_place_cursor(int row, int column);
void cterminal_hide_cursor(void);
// Sends to the terminal what changed.
void cterminal_flush(void);
// Forgets what the terminal shows, so that the next flush sends everything.
void cterminal_forget(void);
// Sends bytes beside what ncurses draws. Returns whether the terminal took all of them.
int cterminal_send(const char *bytes, int length);

// The next key: 0 for none, 1 for a character, 2 for one of the keys above; its value in `value`.
int cterminal_read_key(uint32_t *value);

// The end of a pipe from which the numbers of signals can be read, one byte each. A signal to end has to be
// followed by `cterminal_close` within two seconds, or the program ends at once, the terminal given back.
int cterminal_signal_descriptor(void);

// A descriptor that becomes readable when it is woken; -1 on failure. From any thread.
int cterminal_wake_create(void);
void cterminal_wake(int descriptor);
void cterminal_wake_drain(int descriptor);

#endif
