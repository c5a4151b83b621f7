package literal

import "sync"

// NewSource is New for the text of pages and scripts, and takes a few
// milliseconds for a hundred literals: once, when they are first looked for.
func NewSource(lits ...string) func() *Set {
	return sync.OnceValue(func() *Set { return newSet(lits, sourceModel()) })
}

var sourceModel = sync.OnceValue(func() *model {
	m := newModel([]byte(source))
	m.sampled = true
	return m
})

// source is text as it is frequent in pages and scripts.
const source = `<?php
/**
 * Shows the list of orders of a customer, one page at a time.
 *
 * @package    Shop
 * @copyright  Copyright (c) 2012 Example, Inc. (http://www.example.com)
 * @license    http://opensource.org/licenses/osl-3.0.php  Open Software License (OSL 3.0)
 * @param      string $name
 * @return     bool
 */
namespace Example\Shop\Controller;

use Example\Framework\App\Action\Context;

class Shop_Order_ListController extends Shop_Controller_Abstract implements ListInterface
{
    protected $_orders = array();

    public function __construct($config = array(), Context $context = null)
    {
        parent::__construct($config);
        $this->helper = $this->getHelper('order');
        if (isset($_GET['page']) && (int) $_GET['page'] > 0) {
            $this->page = $_GET['page'];
        }
    }

    public function getOrders($limit = 10)
    {
        $query = "SELECT o.id, o.status, o.total FROM " . $this->table . " o WHERE o.customer_id = '" . $id . "' ORDER BY o.created DESC";
        $result = $this->db->query($query);
        while ($row = mysql_fetch_array($result, MYSQL_ASSOC)) {
            $this->_orders[$row['id']] = array('name' => $row['name'], 'type' => 'text', 'label' => __('Order number'), 'value' => null);
        }
        foreach ($this->_orders as $key => $value) {
            $data[] = $value['title'];
        }
        return count($this->_orders) == 0 ? false : $this->_orders;
    }
}
$lang['error_not_found'] = 'The page that you requested could not be found.';
define('TEXT_SEARCH', 'Search results for %s');
echo "<option value=\"" . $name . "\" selected='selected'>" . htmlspecialchars($title) . "</option>\n";
require_once(dirname(__FILE__) . '/includes/functions.php');
?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8" />
<title><%= title %></title>
<link href="/css/style.css" rel="stylesheet" type="text/css" />
<script type="text/javascript" src="/js/jquery.min.js"></script>
<script language="javascript">
function check(form) {
    var name = document.getElementById("username").value;
    if (name == "" || name.length < 3) { alert("Please enter your name"); return false; }
    $(".menu li a").click(function () { $(this).parent().toggleClass('active'); });
}
</script>
</head>
<body bgcolor="#FFFFFF" leftmargin="0" topmargin="0">
<div class="container"><div class="row"><div id="content" class="col-md-12">
<table width="100%" border="0" cellspacing="0" cellpadding="4" align="center">
  <tr>
    <td width="25%" class="title" valign="top"><font color="#333333" size="2"><b>Name:</b></font></td>
    <td><input type="text" name="username" id="username" class="form-control" size="30" maxlength="50" value="<?php echo $username; ?>" /></td>
  </tr>
</table>
<form method="post" action="save.asp" name="form1"><a href="index.asp?id=<%=rs("id")%>" target="_blank"><img src="images/logo.gif" width="120" height="60" border="0" alt="" /></a></form>
<%
Dim conn, rs, sql
Set rs = Server.CreateObject("ADODB.Recordset")
sql = "select * from news where id=" & Request.QueryString("id")
rs.open sql, conn, 1, 1
If Not rs.EOF Then
  Response.Write rs("title") & "<br>"
End If
rs.close
%>
<%@ page language="java" contentType="text/html; charset=UTF-8" pageEncoding="UTF-8" import="java.util.*"%>
<%@ taglib prefix="c" uri="http://java.sun.com/jsp/jstl/core" %>
<%@ Page Language="C#" AutoEventWireup="true" CodeBehind="Default.aspx.cs" Inherits="Site.Default" MasterPageFile="~/Site.Master" %>
<c:forEach items="${list}" var="item"><c:out value="${item.name}"/></c:forEach>
<%
  String path = request.getContextPath();
  List<Map<String, Object>> list = (List) session.getAttribute("list");
  for (int i = 0; i < list.size(); i++) { out.println(list.get(i).toString()); }
%>
<asp:Label ID="Label1" runat="server" Text="Name" CssClass="label" Visible="false"></asp:Label>
</div></div></div>
</body>
</html>
`
