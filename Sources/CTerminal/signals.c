#define _GNU_SOURCE

#include "cterminal.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

// What puts the terminal back, prepared while everything is well.
static volatile sig_atomic_t is_taken;
static struct termios found;
static int found_flags = -1;
static char restore_bytes[512];
static size_t restore_length;

static int signal_pipe[2] = {-1, -1};
// The first signal that asked for the end, while the terminal has not been given back for it.
static volatile sig_atomic_t ending_signal;
// Seconds that the loop has for it. It needs thousandths, unless the terminal takes nothing more.
enum { ENDING_SECONDS = 2 };
// How long a terminal that is being given back may take nothing, in milliseconds.
enum { RESTORE_PATIENCE = 500 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGSYS};
static const int loop_signals[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGALRM};
static struct sigaction fatal_before[COUNT(fatal_signals)];
static struct sigaction loop_before[COUNT(loop_signals)];
static char fatal_stack[64 * 1024];

// While the screen is ours, whatever is written to standard error (a library's notice, the last words before
// a trap) would spoil it: it is kept in memory, up to a bound, and written out when the terminal is given
// back.
enum { ERRORS_KEPT = 64 * 1024 };
static int errors_file = -1;
static int errors_before = -1;

void keep_errors(void) {
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

// Only calls that POSIX allows in a signal handler, here and in all that handlers call.
void release_errors(void) {
    if (errors_file < 0) return;
    off_t end = lseek(errors_file, 0, SEEK_CUR);
    dup2(errors_before, STDERR_FILENO);
    char buffer[1024];
    for (off_t at = 0; at < end;) {
        size_t wanted = end - at < (off_t)sizeof buffer ? (size_t)(end - at) : sizeof buffer;
        ssize_t count = pread(errors_file, buffer, wanted, at);
        if (count <= 0) break;
        struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
        if (poll(&ready, 1, RESTORE_PATIENCE) <= 0) break;
        ssize_t ignored = write(STDERR_FILENO, buffer, (size_t)count);
        (void)ignored;
        at += count;
    }
    close(errors_file);
    close(errors_before);
    errors_file = errors_before = -1;
}

int write_all(const char *bytes, size_t length, int patience_milliseconds) {
    while (length > 0) {
        struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
        int status = poll(&ready, 1, patience_milliseconds);
        if (status < 0 && errno == EINTR) continue;
        if (status <= 0) return 0;
        ssize_t count = write(STDOUT_FILENO, bytes, length);
        if (count < 0 && errno != EINTR && errno != EAGAIN) return 0;
        if (count > 0) {
            bytes += count;
            length -= (size_t)count;
        }
    }
    return 1;
}

int remember_terminal(void) {
    if (tcgetattr(STDIN_FILENO, &found) != 0) return -1;
    // Whoever had the terminal before may have left its writes non-blocking: ncurses would turn in circles
    // while the terminal is slow.
    found_flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (found_flags >= 0) fcntl(STDOUT_FILENO, F_SETFL, found_flags & ~O_NONBLOCK);
    return 0;
}

void put_settings_back(void) {
    tcsetattr(STDIN_FILENO, TCSANOW, &found);
    if (found_flags >= 0) fcntl(STDOUT_FILENO, F_SETFL, found_flags);
}

void clear_restore(void) { restore_length = 0; }

// Appends a string of terminfo without the delays that are written into it as `$<…>`.
void append_restore(const char *text) {
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

void terminal_taken(void) { is_taken = 1; }

void terminal_given_back(void) {
    is_taken = 0;
    if (ending_signal != 0) alarm(0);
    ending_signal = 0;
}

int terminal_is_taken(void) { return is_taken; }

static void restore_in_handler(void) {
    if (!is_taken) return;
    is_taken = 0;
    // A blocking write could last for ever, and the alarm for that has gone off already.
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (flags >= 0) fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
    if (!write_all(restore_bytes, restore_length, RESTORE_PATIENCE)) {
        // The terminal takes nothing: what it has not read yet gives way to what puts it right. The first
        // byte ends a sequence that was cut in two.
        tcflush(STDOUT_FILENO, TCOFLUSH);
        if (write_all("\030", 1, RESTORE_PATIENCE)) {
            write_all(restore_bytes, restore_length, RESTORE_PATIENCE);
        }
    }
    tcsetattr(STDIN_FILENO, TCSANOW, &found);
    release_errors();
    put_settings_back();
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
    // A window that is closed says so twice, by its kernel and by its shell. Nobody is impatient there.
    if (ending_signal != 0 && number == SIGHUP) return;
    if (ending_signal != 0 && (ends || number == SIGALRM)) {
        // The first one did not bring the loop to its end, so it hangs.
        restore_in_handler();
        _exit(128 + ending_signal);
    }
    if (ends) {
        ending_signal = number;
        alarm(ENDING_SECONDS);
    }
    unsigned char byte = (unsigned char)number;
    // A full pipe means that the loop has plenty to wake up for.
    ssize_t ignored = write(signal_pipe[1], &byte, 1);
    (void)ignored;
    errno = saved;
}

void install_handlers(void) {
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

void remove_handlers(void) {
    for (size_t i = 0; i < COUNT(fatal_signals); i++) sigaction(fatal_signals[i], &fatal_before[i], NULL);
    for (size_t i = 0; i < COUNT(loop_signals); i++) {
        if (loop_signals[i] != SIGHUP) sigaction(loop_signals[i], &loop_before[i], NULL);
    }
    // What is left to do, such as stopping a server, needs no terminal.
    signal(SIGHUP, SIG_IGN);
}

int open_signal_pipe(void) {
    if (signal_pipe[0] >= 0) return 0;
    return pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK);
}

int cterminal_signal_descriptor(void) { return signal_pipe[0]; }

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
