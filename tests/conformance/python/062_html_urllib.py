import html
import urllib.parse as up
from html.parser import HTMLParser

print(html.escape('<a href="x">&\'</a>'), html.unescape("&lt;p&gt; &amp; &eacute; &#39; &#x41; &nbsp;|"))


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs).get("href"))

    def handle_data(self, data):
        self.text.append(data)


p = Links()
p.feed('<p>See <a href="/one">one</a> and <a href="two?x=1&amp;y=2">two</a>.</p>')
print(p.links, "".join(p.text))
u = up.urlparse("https://user:pw@example.com:8080/path/page;p?q=1&r=a%20b#frag")
print(u, u.hostname, u.port, u.username)
print(up.parse_qs("a=1&b=2&a=3&c="), up.parse_qsl("x=%C3%A9&y=a+b"), up.urlencode({"q": "a b", "x": [1, 2]}, doseq=True))
print(up.quote("a b/é?"), up.quote_plus("a b&c"), up.unquote("%41%20%C3%A9"), up.unquote_plus("a+b"))
print(up.urljoin("http://a/b/c/d", "../e"), up.urljoin("http://a/b", "//c/d"), up.urlsplit("//host/p").netloc)
print(up.urlunparse(("http", "h", "/p", "", "q=1", "")), up.urldefrag("http://a#b").url)
