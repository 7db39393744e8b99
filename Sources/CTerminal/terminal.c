#define _GNU_SOURCE
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1

#include "cterminal.h"
#include "internal.h"

#include <curses.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

// Codes of our own for what ncurses has no key for. It numbers the keys that a terminal's entry adds from
// KEY_MAX.
enum { PASTE_BEGIN = KEY_MAX + 1000, PASTE_END, MOUSE_BEGIN, MOUSE_OLD };

// How long a terminal may take nothing of what is sent beside ncurses, in milliseconds.
enum { SEND_PATIENCE = 1000 };

static SCREEN *screen;
// Keys are read through a pad, since reading through a window redraws it.
static WINDOW *keyboard;
static int mouse_is_on;

static void send(const char *text) {
    fflush(stdout);
    write_all(text, strlen(text), SEND_PATIENCE);
}

int cterminal_send(const char *bytes, int length) {
    if (!terminal_is_taken()) return 0;
    fflush(stdout);
    return write_all(bytes, (size_t)length, SEND_PATIENCE);
}

static void prepare_restore(void) {
    clear_restore();
    append_restore(MOUSE_OFF);
    append_restore(PASTE_OFF);
    append_restore(tigetstr("sgr0"));
    append_restore(tigetstr("cnorm"));
    append_restore(tigetstr("rmkx"));
    append_restore(tigetstr("rmcup"));
}

// What a terminal is told beside what ncurses tells it.
static void send_modes(void) {
    send(PASTE_ON);
    if (mouse_is_on) send(MOUSE_ON);
}

static int real_size(int *height, int *width) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return 0;
    *height = size.ws_row < CTERMINAL_MOST_CELLS ? size.ws_row : CTERMINAL_MOST_CELLS;
    *width = size.ws_col < CTERMINAL_MOST_CELLS ? size.ws_col : CTERMINAL_MOST_CELLS;
    return 1;
}

static void define_keys(void) {
    define_key("\033[200~", PASTE_BEGIN);
    define_key("\033[201~", PASTE_END);
    define_key("\033[<", MOUSE_BEGIN);
    // The Linux console's entry has this as a key of its own, and Ctrl-Z as another.
    define_key("\033[Z", KEY_BTAB);
    define_key(NULL, KEY_SUSPEND);
}

int cterminal_open(int escape_delay_milliseconds) {
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return CTERMINAL_NOT_A_TERMINAL;
    setlocale(LC_CTYPE, "");
    set_escdelay(escape_delay_milliseconds);
    int error = 0;
    // newterm() answers where initscr() would end the program; but it needs to be asked first whether there
    // is such a terminal, or it prints.
    if (setupterm(NULL, STDOUT_FILENO, &error) != OK) return CTERMINAL_UNUSABLE;
    const char *address = tigetstr("cup");
    const char *clear = tigetstr("clear");
    if (address == NULL || address == (const char *)-1 || clear == NULL || clear == (const char *)-1) {
        return CTERMINAL_UNUSABLE;
    }
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0
        && (size.ws_row > CTERMINAL_MOST_CELLS || size.ws_col > CTERMINAL_MOST_CELLS)) {
        // Memory for a size that a terminal got wrong is not even asked for: the database's is taken at
        // first.
        use_env(FALSE);
    }
    if (open_signal_pipe() != 0 || remember_terminal() != 0) return CTERMINAL_SYSTEM_ERROR;
    screen = newterm(NULL, stdout, stdin);
    if (screen == NULL) {
        put_settings_back();
        return CTERMINAL_UNUSABLE;
    }
    prepare_restore();
    terminal_taken();
    install_handlers();
    raw();
    noecho();
    nonl();
    cterminal_adopt_size();
    scrollok(stdscr, FALSE);
    keyboard = newpad(1, 1);
    keypad(keyboard, TRUE);
    nodelay(keyboard, TRUE);
    define_keys();
    curs_set(0);
    refresh();
    send_modes();
    keep_errors();
    return CTERMINAL_OK;
}

// Up to the shell's own screen.
static void give_back(void) {
    send(MOUSE_OFF PASTE_OFF);
    curs_set(1);
    endwin();
    put_settings_back();
}

void cterminal_close(void) {
    if (screen == NULL || !terminal_is_taken()) return;
    give_back();
    terminal_given_back();
    release_errors();
    remove_handlers();
}

void cterminal_suspend(void) {
    give_back();
    terminal_given_back();
    release_errors();
    struct sigaction action, stop_before, continue_before;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(SIGTSTP, &action, &stop_before);
    sigaction(SIGCONT, &action, &continue_before);
    raise(SIGTSTP);
    // Here the process stands still until it is continued.
    sigaction(SIGCONT, &continue_before, NULL);
    sigaction(SIGTSTP, &stop_before, NULL);
    remember_terminal();
    terminal_taken();
    curs_set(0);
    clearok(curscr, TRUE);
    cterminal_adopt_size();
    refresh();
    send_modes();
    keep_errors();
}

void cterminal_continued(void) {
    // Stopped by SIGSTOP the program could not give the terminal back, and the shell took it.
    reset_prog_mode();
    putp(tigetstr("smcup"));
    putp(tigetstr("smkx"));
    fflush(stdout);
    send_modes();
    cterminal_adopt_size();
    clearok(curscr, TRUE);
}

void cterminal_set_mouse(int is_on) {
    if (is_on == mouse_is_on) return;
    mouse_is_on = is_on;
    // How a terminal without SGR coordinates reports. Only now: elsewhere it may be a function key.
    if (is_on) define_key("\033[M", MOUSE_OLD);
    send(is_on ? MOUSE_ON : MOUSE_OFF);
}

void cterminal_adopt_size(void) {
    int height, width;
    if (!real_size(&height, &width)) return;
    if (height != getmaxy(stdscr) || width != getmaxx(stdscr)) resizeterm(height, width);
}

int cterminal_rows(void) { return getmaxy(stdscr); }
int cterminal_columns(void) { return getmaxx(stdscr); }

int cterminal_is_utf8(void) { return strcmp(nl_langinfo(CODESET), "UTF-8") == 0; }

int cterminal_start_colors(void) {
    if (!has_colors() || start_color() != OK) return 0;
    // Without the terminal's own colours, black and white of ncurses would be drawn over them.
    if (use_default_colors() != OK) return 0;
    // Where a colour's number is its red, green and blue, only the first eight are what they are elsewhere.
    return COLORS > 256 || tigetflag("RGB") > 0 ? 8 : COLORS;
}

int cterminal_color_conflicts(void) {
    int listed = tigetnum("ncv");
    if (listed <= 0) return 0;
    // The bits of no_color_video, terminfo(5).
    return (listed & 2 ? CTERMINAL_UNDERLINE : 0) | (listed & 4 ? CTERMINAL_REVERSE : 0)
        | (listed & 16 ? CTERMINAL_DIM : 0) | (listed & 32 ? CTERMINAL_BOLD : 0);
}

void cterminal_define_pair(int pair, int foreground, int background) {
    init_pair((short)pair, (short)foreground, (short)background);
}

static attr_t attributes_of(int attributes) {
    attr_t value = A_NORMAL;
    if (attributes & CTERMINAL_BOLD) value |= A_BOLD;
    if (attributes & CTERMINAL_DIM) value |= A_DIM;
    if (attributes & CTERMINAL_REVERSE) value |= A_REVERSE;
    if (attributes & CTERMINAL_UNDERLINE) value |= A_UNDERLINE;
    return value;
}

void cterminal_set_background(int attributes, int pair) {
    cchar_t blank;
    if (setcchar(&blank, L" ", attributes_of(attributes), (short)pair, NULL) == OK) bkgrndset(&blank);
}

void cterminal_put_ascii(int row, int column, const char *text, int length, int attributes, int pair) {
    attr_set(attributes_of(attributes), (short)pair, NULL);
    // In the last cell of the screen this answers ERR, and has written all the same.
    mvaddnstr(row, column, text, length);
}

int cterminal_measure(uint32_t character) { return wcwidth((wchar_t)character); }

// Whether the locale's characters have this one.
static int is_known(wchar_t character) {
    char bytes[MB_LEN_MAX];
    mbstate_t state;
    memset(&state, 0, sizeof state);
    return wcrtomb(bytes, character, &state) != (size_t)-1;
}

int cterminal_put_cell(
    int row, int column, const uint32_t *scalars, int count, int width, int attributes, int pair) {
    wchar_t text[CCHARW_MAX + 1];
    int used = 0;
    while (used < count && used < CCHARW_MAX) {
        if (!is_known((wchar_t)scalars[used])) break;
        text[used] = (wchar_t)scalars[used];
        used++;
    }
    if (used == 0 || cterminal_measure(scalars[0]) != width) return 0;
    text[used] = 0;
    cchar_t cell;
    attr_t value = attributes_of(attributes);
    if (setcchar(&cell, text, value, (short)pair, NULL) != OK) {
        text[1] = 0;
        if (setcchar(&cell, text, value, (short)pair, NULL) != OK) return 0;
    }
    mvadd_wch(row, column, &cell);
    return 1;
}

void cterminal_place_cursor(int row, int column) {
    move(row, column);
    curs_set(1);
}

void cterminal_hide_cursor(void) { curs_set(0); }

void cterminal_flush(void) { refresh(); }

void cterminal_forget(void) { clearok(curscr, TRUE); }

static uint32_t named_key(wint_t code) {
    switch (code) {
    case KEY_UP: return CTERMINAL_KEY_UP;
    case KEY_DOWN: return CTERMINAL_KEY_DOWN;
    case KEY_LEFT: return CTERMINAL_KEY_LEFT;
    case KEY_RIGHT: return CTERMINAL_KEY_RIGHT;
    // VT220 has Find and Select where others have Home and End.
    case KEY_HOME: case KEY_FIND: return CTERMINAL_KEY_HOME;
    case KEY_END: case KEY_SELECT: return CTERMINAL_KEY_END;
    case KEY_PPAGE: return CTERMINAL_KEY_PAGE_UP;
    case KEY_NPAGE: return CTERMINAL_KEY_PAGE_DOWN;
    case KEY_BACKSPACE: return CTERMINAL_KEY_BACKSPACE;
    case KEY_DC: return CTERMINAL_KEY_DELETE;
    case KEY_BTAB: return CTERMINAL_KEY_BACK_TAB;
    case KEY_ENTER: return CTERMINAL_KEY_ENTER;
    case PASTE_BEGIN: return CTERMINAL_KEY_PASTE_BEGIN;
    case PASTE_END: return CTERMINAL_KEY_PASTE_END;
    case MOUSE_BEGIN: return CTERMINAL_KEY_MOUSE;
    case MOUSE_OLD: return CTERMINAL_KEY_MOUSE_OLD;
    default: break;
    }
    if (code > KEY_F0 && code <= KEY_F0 + 24) return CTERMINAL_KEY_FUNCTION + (uint32_t)(code - KEY_F0);
    return CTERMINAL_KEY_OTHER;
}

// Puts a byte behind those of an unfinished character. Returns whether it ends one.
static int take_byte(unsigned char byte, uint32_t *value) {
    static mbstate_t unfinished;
    wchar_t character = 0;
    int is_first = mbsinit(&unfinished);
    size_t length = mbrtowc(&character, (const char *)&byte, 1, &unfinished);
    if (length == (size_t)-1) {
        memset(&unfinished, 0, sizeof unfinished);
        // What broke off a character may begin the next one.
        if (!is_first) return take_byte(byte, value);
        return 0;
    }
    if (length == (size_t)-2) return 0;
    *value = (uint32_t)character;
    return 1;
}

// Characters are put together here: wget_wch() loses what follows a byte that is none, as far as it was sent along.
int cterminal_read_key(uint32_t *value) {
    for (;;) {
        int code = wgetch(keyboard);
        if (code == ERR) return 0;
        if (code > 0xff) {
            *value = named_key((wint_t)code);
            return 2;
        }
        if (take_byte((unsigned char)code, value)) return 1;
    }
}
