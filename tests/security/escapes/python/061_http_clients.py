# The clients of the library: http, urllib, ftp, smtp, xmlrpc, telnet.
print("ATTEMPTED")
import importlib

for module, call in (
    ("urllib.request", lambda m: m.urlopen("http://127.0.0.1:@TCP_PORT@/", timeout=1).read()),
    ("urllib.request", lambda m: m.urlopen("file://@SECRET_PATH@").read()),
    ("urllib.request", lambda m: m.urlretrieve("file://@SECRET_PATH@", "@TARGET_DIR@/x")),
    ("http.client", lambda m: m.HTTPConnection("127.0.0.1", int("@TCP_PORT@"), timeout=1).request("GET", "/")),
    ("ftplib", lambda m: m.FTP().connect("127.0.0.1", int("@TCP_PORT@"), 1)),
    ("smtplib", lambda m: m.SMTP("127.0.0.1", int("@TCP_PORT@"), timeout=1)),
    ("imaplib", lambda m: m.IMAP4("127.0.0.1", int("@TCP_PORT@"), 1)),
    ("poplib", lambda m: m.POP3("127.0.0.1", int("@TCP_PORT@"), 1)),
    ("xmlrpc.client", lambda m: m.ServerProxy("http://127.0.0.1:@TCP_PORT@/").x()),
    ("socketserver", lambda m: m.TCPServer(("127.0.0.1", 0), None)),
    ("logging.handlers", lambda m: m.DatagramHandler("127.0.0.1", int("@UDP_PORT@")).send(b"x")),
    ("syslog", lambda m: m.syslog("x")),
):
    try:
        print(call(importlib.import_module(module)))
    except Exception as error:
        print(module, type(error).__name__)
