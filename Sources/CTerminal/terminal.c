#define _GNU_SOURCE
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1

#include "cterminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

// Codes of our own for what ncurses has no key for.
enum { PASTE_BEGIN = KEY_MAX + 1, PASTE_END };

static const char PASTE_ON[] = "\033[?2004h";
static const char PASTE_OFF[] = "\033[?2004l";

static SCREEN *screen;
// Keys are read through a pad, since reading through a window redraws it.
static WINDOW *keyboard;

// What puts the terminal back, prepared while everything is well.
static volatile sig_atomic_t is_taken;
static struct termios found;
static char restore_bytes[512];
static size_t restore_length;

static int signal_pipe[2] = {-1, -1};
static volatile sig_atomic_t unacknowledged;

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGSYS};
static const int loop_signals[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
static struct sigaction fatal_before[COUNT(fatal_signals)];
static struct sigaction loop_before[COUNT(loop_signals)];
static char fatal_stack[64 * 1024];

// While the screen is ours, whatever is written to standard error (a library's notice, the last words before a
// trap) would spoil it: it is kept in memory, up to a bound, and written out when the terminal is given back.
enum { ERRORS_KEPT = 64 * 1024 };
static int errors_file = -1;
static int errors_before = -1;

static void keep_errors(void) {
    if (!isatty(STDERR_FILENO)) return;
    errors_file = memfd_create("bursar-errors", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (errors_file < 0) return;
    errors_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    // A sealed size is the bound: what would go beyond it is refused.
    if (errors_before < 0 || ftruncate(errors_file, ERRORS_KEPT) != 0
        || fcntl(errors_file, F_ADD_SEALS, F_SEAL_GROW) != 0 || dup2(errors_file, STDERR_FILENO) < 0) {
        close(errors_file);
        if (errors_before >= 0) close(errors_before);
        errors_file = errors_before = -1;
    }
}

// Only calls that POSIX allows in a signal handler.
static void release_errors(void) {
    if (errors_file < 0) return;
    off_t end = lseek(errors_file, 0, SEEK_CUR);
    dup2(errors_before, STDERR_FILENO);
    char buffer[1024];
    for (off_t at = 0; at < end;) {
        size_t wanted = end - at < (off_t)sizeof buffer ? (size_t)(end - at) : sizeof buffer;
        ssize_t count = pread(errors_file, buffer, wanted, at);
        if (count <= 0) break;
        ssize_t ignored = write(STDERR_FILENO, buffer, (size_t)count);
        (void)ignored;
        at += count;
    }
    close(errors_file);
    close(errors_before);
    errors_file = errors_before = -1;
}

// Only calls that POSIX allows in a signal handler.
static void restore_in_handler(void) {
    if (!is_taken) return;
    is_taken = 0;
    size_t sent = 0;
    while (sent < restore_length) {
        ssize_t count = write(STDOUT_FILENO, restore_bytes + sent, restore_length - sent);
        if (count <= 0 && errno != EINTR) break;
        if (count > 0) sent += (size_t)count;
    }
    tcsetattr(STDIN_FILENO, TCSANOW, &found);
    release_errors();
}

// The terminal first, then whatever would have happened without us.
static void on_fatal(int number) {
    int saved = errno;
    restore_in_handler();
    for (size_t i = 0; i < COUNT(fatal_signals); i++) {
        if (fatal_signals[i] == number) sigaction(number, &fatal_before[i], NULL);
    }
    raise(number);
    errno = saved;
}

static void on_signal(int number) {
    int saved = errno;
    int ends = number == SIGTERM || number == SIGHUP || number == SIGINT || number == SIGQUIT;
    if (ends && unacknowledged++) {
        // The loop did not take notice of the first one, so it hangs.
        restore_in_handler();
        _exit(128 + number);
    }
    unsigned char byte = (unsigned char)number;
    // A full pipe means that the loop has plenty to wake up for.
    ssize_t ignored = write(signal_pipe[1], &byte, 1);
    (void)ignored;
    errno = saved;
}

static void install_handlers(void) {
    stack_t stack = {.ss_sp = fatal_stack, .ss_size = sizeof fatal_stack};
    sigaltstack(&stack, NULL);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigfillset(&action.sa_mask);
    action.sa_handler = on_fatal;
    action.sa_flags = SA_ONSTACK;
    for (size_t i = 0; i < COUNT(fatal_signals); i++) {
        sigaction(fatal_signals[i], &action, &fatal_before[i]);
    }
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    for (size_t i = 0; i < COUNT(loop_signals); i++) {
        sigaction(loop_signals[i], &action, &loop_before[i]);
    }
}

static void remove_handlers(void) {
    for (size_t i = 0; i < COUNT(fatal_signals); i++) sigaction(fatal_signals[i], &fatal_before[i], NULL);
    for (size_t i = 0; i < COUNT(loop_signals); i++) sigaction(loop_signals[i], &loop_before[i], NULL);
}

// Appends a string of terminfo without the delays that are written into it as `$<…>`.
static void append_restore(const char *text) {
    if (text == NULL || text == (const char *)-1) return;
    while (*text != 0 && restore_length < sizeof restore_bytes) {
        if (text[0] == '$' && text[1] == '<') {
            const char *end = strchr(text, '>');
            if (end != NULL) {
                text = end + 1;
                continue;
            }
        }
        restore_bytes[restore_length++] = *text++;
    }
}

static void prepare_restore(void) {
    restore_length = 0;
    append_restore(PASTE_OFF);
    append_restore(tigetstr("sgr0"));
    append_restore(tigetstr("cnorm"));
    append_restore(tigetstr("rmkx"));
    append_restore(tigetstr("rmcup"));
}

static void send(const char *text) {
    fflush(stdout);
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t count = write(STDOUT_FILENO, text, length);
        if (count < 0 && errno != EINTR) return;
        if (count > 0) {
            text += count;
            length -= (size_t)count;
        }
    }
}

static int open_signal_pipe(void) {
    if (signal_pipe[0] >= 0) return 0;
    return pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK);
}

int cterminal_open(int escape_delay_milliseconds) {
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return CTERMINAL_NOT_A_TERMINAL;
    if (tcgetattr(STDIN_FILENO, &found) != 0) return CTERMINAL_SYSTEM_ERROR;
    if (open_signal_pipe() != 0) return CTERMINAL_SYSTEM_ERROR;
    setlocale(LC_CTYPE, "");
    set_escdelay(escape_delay_milliseconds);
    int error = 0;
    // newterm() answers where initscr() would end the program; but it needs to be asked first whether there is
    // such a terminal, or it prints.
    if (setupterm(NULL, STDOUT_FILENO, &error) != OK) return CTERMINAL_UNUSABLE;
    const char *address = tigetstr("cup");
    const char *clear = tigetstr("clear");
    if (address == NULL || address == (const char *)-1 || clear == NULL || clear == (const char *)-1) {
        return CTERMINAL_UNUSABLE;
    }
    screen = newterm(NULL, stdout, stdin);
    if (screen == NULL) return CTERMINAL_UNUSABLE;
    prepare_restore();
    is_taken = 1;
    install_handlers();
    raw();
    noecho();
    nonl();
    scrollok(stdscr, FALSE);
    keyboard = newpad(1, 1);
    keypad(keyboard, TRUE);
    nodelay(keyboard, TRUE);
    define_key("\033[200~", PASTE_BEGIN);
    define_key("\033[201~", PASTE_END);
    curs_set(0);
    refresh();
    send(PASTE_ON);
    keep_errors();
    return CTERMINAL_OK;
}

void cterminal_close(void) {
    if (screen == NULL || !is_taken) return;
    send(PASTE_OFF);
    curs_set(1);
    endwin();
    is_taken = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
    release_errors();
    remove_handlers();
}

void cterminal_suspend(void) {
    send(PASTE_OFF);
    curs_set(1);
    endwin();
    is_taken = 0;
    release_errors();
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(SIGTSTP, &action, &before);
    raise(SIGTSTP);
    // Here the process stands still until it is continued.
    sigaction(SIGTSTP, &before, NULL);
    tcgetattr(STDIN_FILENO, &found);
    is_taken = 1;
    curs_set(0);
    clearok(curscr, TRUE);
    cterminal_adopt_size();
    refresh();
    send(PASTE_ON);
    keep_errors();
}

void cterminal_adopt_size(void) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return;
    if (size.ws_row != getmaxy(stdscr) || size.ws_col != getmaxx(stdscr)) {
        resizeterm(size.ws_row, size.ws_col);
    }
}

int cterminal_rows(void) { return getmaxy(stdscr); }
int cterminal_columns(void) { return getmaxx(stdscr); }

int cterminal_is_utf8(void) { return strcmp(nl_langinfo(CODESET), "UTF-8") == 0; }

int cterminal_start_colors(void) {
    if (!has_colors() || start_color() != OK) return 0;
    // Without the terminal's own colours, black and white of ncurses would be drawn over them.
    if (use_default_colors() != OK) return 0;
    return COLORS;
}

void cterminal_define_pair(int pair, int foreground, int background) {
    init_pair((short)pair, (short)foreground, (short)background);
}

static void set_style(int attributes, int pair) {
    attr_t value = A_NORMAL;
    if (attributes & CTERMINAL_BOLD) value |= A_BOLD;
    if (attributes & CTERMINAL_DIM) value |= A_DIM;
    if (attributes & CTERMINAL_REVERSE) value |= A_REVERSE;
    if (attributes & CTERMINAL_UNDERLINE) value |= A_UNDERLINE;
    attr_set(value, (short)pair, NULL);
}

void cterminal_put_ascii(int row, int column, const char *text, int length, int attributes, int pair) {
    set_style(attributes, pair);
    // In the last cell of the screen this answers ERR, and has written all the same.
    mvaddnstr(row, column, text, length);
}

int cterminal_measure(uint32_t character) { return wcwidth((wchar_t)character); }

void cterminal_put_cell(
    int row, int column, const char *utf8, int length, int width, int attributes, int pair) {
    wchar_t text[CCHARW_MAX + 1];
    mbstate_t state;
    memset(&state, 0, sizeof state);
    int count = 0;
    while (length > 0 && count < CCHARW_MAX) {
        size_t used = mbrtowc(&text[count], utf8, (size_t)length, &state);
        if (used == 0 || used > (size_t)length) break;
        utf8 += used;
        length -= (int)used;
        count++;
    }
    text[count] = 0;
    set_style(attributes, pair);
    if (count == 0 || cterminal_measure((uint32_t)text[0]) != width) {
        for (int i = 0; i < width; i++) mvaddch(row, column + i, '?');
        return;
    }
    attr_t attrs;
    short current;
    attr_get(&attrs, &current, NULL);
    cchar_t cell;
    if (setcchar(&cell, text, attrs, current, NULL) != OK) {
        text[1] = 0;
        if (setcchar(&cell, text, attrs, current, NULL) != OK) return;
    }
    mvadd_wch(row, column, &cell);
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
    case KEY_HOME: return CTERMINAL_KEY_HOME;
    case KEY_END: return CTERMINAL_KEY_END;
    case KEY_PPAGE: return CTERMINAL_KEY_PAGE_UP;
    case KEY_NPAGE: return CTERMINAL_KEY_PAGE_DOWN;
    case KEY_BACKSPACE: return CTERMINAL_KEY_BACKSPACE;
    case KEY_DC: return CTERMINAL_KEY_DELETE;
    case KEY_BTAB: return CTERMINAL_KEY_BACK_TAB;
    case KEY_ENTER: return CTERMINAL_KEY_ENTER;
    case PASTE_BEGIN: return CTERMINAL_KEY_PASTE_BEGIN;
    case PASTE_END: return CTERMINAL_KEY_PASTE_END;
    default: break;
    }
    if (code > KEY_F0 && code <= KEY_F0 + 24) return CTERMINAL_KEY_FUNCTION + (uint32_t)(code - KEY_F0);
    return CTERMINAL_KEY_OTHER;
}

int cterminal_read_key(uint32_t *value) {
    wint_t code = 0;
    switch (wget_wch(keyboard, &code)) {
    case OK: *value = (uint32_t)code; return 1;
    case KEY_CODE_YES: *value = named_key(code); return 2;
    default: return 0;
    }
}

int cterminal_signal_descriptor(void) { return signal_pipe[0]; }

void cterminal_acknowledge_signal(void) { unacknowledged = 0; }

int cterminal_wake_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void cterminal_wake(int descriptor) {
    uint64_t one = 1;
    ssize_t ignored = write(descriptor, &one, sizeof one);
    (void)ignored;
}

void cterminal_wake_drain(int descriptor) {
    uint64_t count;
    ssize_t ignored = read(descriptor, &count, sizeof count);
    (void)ignored;
}
