import xml.etree.ElementTree as ET

root = ET.fromstring('<catalog><book id="1" lang="en"><title>First</title><price>9.5</price></book><book id="2"><title>Second &amp; last</title></book></catalog>')
print(root.tag, len(root), root[0].attrib, root.find("book/title").text, [b.get("id") for b in root.findall("book")])
print([t.text for t in root.iter("title")], root.findtext("book/price"), root.find("nope"), root.find("book[@id='2']/title").text)
new = ET.SubElement(root, "book", id="3")
ET.SubElement(new, "title").text = "<Third>"
root.remove(root[0])
print(ET.tostring(root, encoding="unicode"))
ET.indent(root)
print(ET.tostring(root, encoding="unicode"))
try:
    ET.fromstring("<a><b></a>")
except ET.ParseError as error:
    print("ParseError", error.position)
for event, element in ET.iterparse(__import__("io").BytesIO(b"<r><x/>text</r>"), events=("start", "end")):
    print(event, element.tag)
from xml.dom import minidom

dom = minidom.parseString("<r><a k='v'>t</a></r>")
print(dom.documentElement.firstChild.getAttribute("k"), dom.toxml())
from xml.sax.saxutils import escape

print(escape("<&>"))
